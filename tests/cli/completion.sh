#!/bin/sh
# Completions of shells: bash, fish and zsh, those that are installed, offer the commands, the
# options and the choices that the help lists, and files.
# shellcheck source=tests/cli/lib
. "${FFTOOL_ROOT:?}/tests/cli/lib"
completions=${FFTOOL%/*}/completion

cat >complete.bash <<'EOF'
# usage: bash complete.bash FILE WORD...: what the last WORD is completed to
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_fftool
[ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\n' "${COMPREPLY[@]}"
EOF

# in_bash WORD...: completes them; the result goes to out, sorted
in_bash()
{
    command="completion in bash of: $*"
    bash complete.bash "$completions/fftool.bash" "$@" 2>err | sort >out
}

# in_fish LINE: the same in fish
in_fish()
{
    command="completion in fish of: $*"
    # shellcheck disable=SC2016 # variables of fish
    fish -c 'source $argv[1]; complete -C $argv[2]' "$completions/fftool.fish" "$1" 2>err |
        sed 's/\t.*//' | sort >out
}

# offered WORD...: out has these words, one a line, and nothing else
# shellcheck disable=SC2317 # ok calls it
offered()
{
    printf '%s\n' "$@" | sort >expected
    cmp -s expected out && empty err
}

# The options of a command, sorted, for completion of "--".
options_of()
{
    "$FFTOOL" "$1" --help | sed -nE 's/^  (-.,|   ) --([a-z0-9-]+).*/--\2/p' | sort -u
}

commands=$("$FFTOOL" help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\)  .*/\1/p')
modes=$(choices mode)
touch model.ff other.ff results.json
mkdir results
export HOME="$work"

# shellcheck disable=SC2046,SC2086 # words
if command -v bash >/dev/null; then
    in_bash fftool ""
    ok "bash: commands" offered $commands help
    in_bash fftool ev
    ok "bash: a command" offered eval
    in_bash fftool help ""
    ok "bash: help of a command" offered $commands help
    in_bash fftool help eval ""
    ok "bash: nothing after it" empty out
    in_bash fftool --v
    ok "bash: the version" offered --version
    for name in $commands; do
        in_bash fftool "$name" --
        ok "bash: the options of $name" offered $(options_of "$name")
    done
    in_bash fftool train --mode ""
    ok "bash: modes" offered $modes
    in_bash fftool train --mode = bp-a
    ok "bash: a mode after =" offered bp-accum
    in_bash fftool train --mode =
    ok "bash: modes after =" offered $modes
    for option in recipe loss optimizer; do
        in_bash fftool train --$option ""
        ok "bash: choices of --$option" offered $(choices $option)
    done
    in_bash fftool plan --modes bp,ff-
    ok "bash: the second mode of a list" offered bp,ff-full bp,ff-stream
    in_bash fftool train --epochs ""
    ok "bash: no file for a number" empty out
    in_bash fftool train ""
    ok "bash: options where there is no operand" has out '^--data$'
    in_bash fftool eval ""
    ok "bash: models and directories" offered model.ff other.ff results
    in_bash fftool diff model.ff o
    ok "bash: a second operand" offered other.ff
    in_bash fftool extend model.ff -o o
    ok "bash: a model of a short option" offered other.ff
    in_bash fftool train --data res
    ok "bash: files and directories" offered results results.json
    in_bash fftool train --scratch ""
    ok "bash: directories" offered results
    in_bash fftool plot results.j
    ok "bash: any file where it is no model" offered results.json
else
    echo "SKIPPED: completion in bash: it is not installed"
fi

# shellcheck disable=SC2046,SC2086
if command -v fish >/dev/null; then
    in_fish "fftool "
    ok "fish: commands" offered $commands help
    in_fish "fftool help e"
    ok "fish: help of a command" offered $(echo "$commands" | grep '^e')
    for name in $commands; do
        in_fish "fftool $name --"
        ok "fish: the options of $name" offered $(options_of "$name")
    done
    in_fish "fftool train --mode "
    ok "fish: modes" offered $modes
    in_fish "fftool plan --modes bp,ff-"
    ok "fish: the second mode of a list" offered bp,ff-full bp,ff-stream
    in_fish "fftool eval m"
    ok "fish: models" offered model.ff
    in_fish "fftool diff model.ff ot"
    ok "fish: a second operand" offered other.ff
    in_fish "fftool train --scratch "
    ok "fish: directories" offered results/
    in_fish "fftool train --data res"
    ok "fish: files and directories" offered results.json results/
else
    echo "SKIPPED: completion in fish: it is not installed"
fi

if command -v zsh >/dev/null; then
    command="zsh"
    ok "zsh: the syntax" zsh -n "$completions/_fftool"
    cat >specifications.zsh <<'EOF'
# usage: zsh specifications.zsh FILE COMMAND: long options of COMMAND's specifications
functions[_arguments]=:
source $1 2>/dev/null
_fftool_table $2
print -rl -- $arguments | sed -nE 's/^(\([^)]*\))?(--[a-z0-9-]+).*/\2/p'
EOF
    for name in $commands; do
        zsh -f specifications.zsh "$completions/_fftool" "$name" >specified
        echo --help >>specified
        options_of "$name" >listed
        sort specified >out
        ok "zsh: the options of $name" cmp -s listed out
    done
else
    echo "SKIPPED: completion in zsh: it is not installed"
fi
finish
