#compdef rtbox rt-run rt-emit rt-tail rt-status rt-query rt-monitor rt-sql rt-summarize rt-prune rt-archive
# zsh completion for rtbox and the rt-* programs: rtbox itself says what may
# stand here, as "WORD<tab>DESCRIPTION" lines and ":file", ":dir" or ":command".

local line word also
local -a candidates

for line in ${(f)"$(_call_program candidates ${(q)words[1]} --complete \
	${(q)${(Q)words[2,CURRENT]}} 2>/dev/null)"}; do
	case $line in
	(:file|:dir|:command) also=$line ;;
	(*)
		word=${line%%$'\t'*}
		candidates+=("${word//:/\\:}:${line#*$'\t'}")
		;;
	esac
done

(( $#candidates )) && _describe -V candidate candidates
case $also in
(:file) _files ;;
(:dir) _files -/ ;;
(:command) _command_names -e ;;
esac
