# fish completion for rtbox and the rt-* programs: rtbox itself says what may
# stand here, as "WORD<tab>DESCRIPTION" lines and ":file", ":dir" or ":command".

function __rtbox_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    for line in ($words[1] --complete $words[2..-1] "$word" 2>/dev/null)
        switch $line
            case :file
                __fish_complete_path $word
            case :dir
                __fish_complete_directories $word
            case :command
                complete -C "$word"
            case '*'
                echo $line
        end
    end
end

for program in rtbox rt-run rt-emit rt-tail rt-status rt-query rt-monitor rt-sql rt-summarize rt-prune rt-archive
    complete -c $program -f -k -a '(__rtbox_complete)'
end
