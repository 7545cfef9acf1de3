# bash completion for rtbox and the rt-* programs: rtbox itself says what may
# stand here, as "WORD<tab>DESCRIPTION" lines and ":file", ":dir" or ":command".

_rtbox() {
	local line=${COMP_LINE:0:COMP_POINT} words cur prefix word
	# readline splits at = : and @, rtbox does not
	read -ra words <<<"$line"
	[[ $line == *[[:space:]] ]] && words+=('')
	cur=${words[${#words[@]} - 1]}
	# readline keeps what stands before the last of its separators
	prefix=${cur%"${cur##*[=:@]}"}
	[[ $COMP_WORDBREAKS == *@* ]] || prefix=${cur%"${cur##*[=:]}"}

	COMPREPLY=()
	while IFS= read -r line; do
		case $line in
		:file) mapfile -t COMPREPLY < <(compgen -f -- "${cur#"$prefix"}") && compopt -o filenames ;;
		:dir) mapfile -t COMPREPLY < <(compgen -d -- "${cur#"$prefix"}") && compopt -o filenames ;;
		:command) mapfile -t COMPREPLY < <(compgen -c -- "$cur") ;;
		*)
			word=${line%%$'\t'*}
			word=${word#"$prefix"}
			[[ $word == *[^A-Za-z0-9_@%+=:,./-]* ]] && printf -v word %q "$word"
			COMPREPLY+=("$word")
			;;
		esac
	done < <("${words[0]}" --complete "${words[@]:1}" 2>/dev/null)
}

complete -F _rtbox rtbox rt-run rt-emit rt-tail rt-status rt-query rt-monitor rt-sql rt-summarize rt-prune rt-archive
