#!/bin/sh
# What a killed process leaves, the next command removes; nothing of a living one, and nothing of
# anybody else. Outputs appear under their name when they are complete.
# shellcheck source=tests/cli/lib
# shellcheck disable=SC2086 # $small is words
. "${FFTOOL_ROOT:?}/tests/cli/lib"

ff 0 train $small --model m.ff --quiet
input=$data/t10k-images-idx3-ubyte.gz

# remains: makes what killed processes leave, were it but a moment ago
remains()
{
    mkdir -p m.ff.eval-abcdef m.ff.eval-notes m.ff.eval-1234567
    echo x >m.ff.eval-abcdef/boundary-1.lmdb
    echo x >m.ff.eval-notes/notes
    echo x >.fftool-0123abcd
    echo x >.fftool-notes.txt
    echo x >.fftool-0123abcde
    echo x >p.csv.backup
}

# there PATH...: all of them exist
# shellcheck disable=SC2317 # ok calls it
there()
{
    for path; do
        [ -e "$path" ] || return 1
    done
}

# A complete model needs no scratch: where there can be none, it is still complete
echo x >m.ff.scratch
ln -s nowhere/scratch dangling
for use in "resume m.ff" "train $small --model m.ff" "resume m.ff --scratch dangling"; do
    ff 0 $use
    ok "no scratch is needed: $use" has out '^m\.ff is complete already; nothing to do$'
done
ok "an existing directory stays" [ "$(cat m.ff.scratch) $(readlink dangling)" = "x nowhere/scratch" ]
refused 1 'm\.ff\.scratch: cannot be the scratch directory' train $small --model m.ff --force
refused 1 'm\.ff exists: ' train $small --model m.ff --seed 9
rm m.ff.scratch dangling
mkdir m.ff.scratch
flock m.ff.scratch "$FFTOOL" resume m.ff >out 2>err
ok "nor is a directory that another process holds" has out '^m\.ff is complete already; nothing to do$'
ok "the other's directory stays" [ -d m.ff.scratch ]
rmdir m.ff.scratch

# A directory that is given for scratch stays, even if it has the default name
mkdir q.ff.scratch
ff 0 train $small --model q.ff --scratch q.ff.scratch --quiet
ok "a directory for scratch stays" [ -d q.ff.scratch ]
ok "the directory is empty" [ -z "$(ls -A q.ff.scratch)" ]
rmdir q.ff.scratch

kept="the notes of others stay"
for command in "eval m.ff --data $data --limit 20" "predict m.ff --input $input --limit 20" \
    "train $small --model m.ff" "resume m.ff"; do
    remains
    ff 0 $command --quiet
    ok "temporary files of a killed eval are removed" [ ! -e m.ff.eval-abcdef ]
    ok "$kept" there m.ff.eval-notes/notes m.ff.eval-1234567
done
for command in "predict m.ff --input $input --limit 20 --output p.csv" \
    "predict m.ff --input $input --limit 20 --output p.csv"; do
    remains
    ff 0 $command --quiet
    ok "an output of a killed process is removed" [ ! -e .fftool-0123abcd ]
    ok "$kept" there .fftool-notes.txt .fftool-0123abcde p.csv.backup
done
ok "the output is complete" lines p.csv 21

# A living process has locked what it needs
remains
exec 7<.fftool-0123abcd 8<m.ff.eval-abcdef
flock 7 && flock 8
ff 0 predict m.ff --input "$input" --limit 20 --output p.csv --quiet
ok "what another process has locked stays" there .fftool-0123abcd m.ff.eval-abcdef
exec 7<&- 8<&-
rm -rf .fftool-* m.ff.eval-*

# Killed at any moment: there is no output, or the old one, or all of the new one
cp p.csv old.csv
"$FFTOOL" predict m.ff --input "$input" --quiet >new.csv
delay=0
for i in 1 2 3 4 5 6; do
    cp old.csv p.csv
    "$FFTOOL" predict m.ff --input "$input" --output p.csv --quiet 2>err &
    sleep $delay
    kill -9 $! 2>/dev/null
    wait $! 2>/dev/null
    cmp -s p.csv old.csv || cmp -s p.csv new.csv || not_ok "half an output after $delay s ($i)"
    delay=$(awk "BEGIN { print $delay + 0.02 }")
done
ff 0 predict m.ff --input "$input" --output p.csv --quiet
ok "killed at six moments, an output is never partial" cmp p.csv new.csv
ok "and nothing is left" [ -z "$(find . -name '*.eval-*' -o -name '.fftool-*')" ]

# An output keeps its permissions, and the link that leads to it
chmod 640 p.csv
ln -s p.csv link.csv
ff 0 predict m.ff --input "$input" --limit 20 --output link.csv --quiet
ok "a link stays" [ -L link.csv ]
ok "its target is written" lines p.csv 21
ok "the permissions stay" [ "$(stat -c %a p.csv)" = 640 ]
(umask 027 && "$FFTOOL" predict m.ff --input "$input" --limit 20 --output fresh.csv --quiet)
ok "a new file has those of the umask" [ "$(stat -c %a fresh.csv)" = 640 ]
ff 1 predict m.ff --input "$input" --output nowhere/p.csv
ok "a missing directory is reported" has err 'nowhere/p\.csv: No such file'
ff 1 predict m.ff --input "$input" --output nowhere/
ok "so is an empty name" has err '^fftool: predict: --output: nowhere/: '
mkdir full
if mount -t tmpfs -o size=8k tmpfs full 2>/dev/null; then
    echo index,label,old >full/p.csv
    ff 1 predict m.ff --input "$input" --output full/p.csv --quiet
    ok "a full disk is reported" has err 'full/p\.csv: No space left on device'
    ok "and the old output stays, alone" [ "$(cat full/p.csv) $(ls -A full)" = "index,label,old p.csv" ]
    umount full
else
    echo "SKIPPED: no file system can be mounted: outputs on a full disk"
fi
if unshare -m mount -t tmpfs tmpfs /proc 2>/dev/null; then
    # Without /proc a file cannot be given a name later
    cat >without-proc <<'END'
#!/bin/sh
exec unshare -m sh -c 'mount -t tmpfs tmpfs /proc && exec "$@"' sh "$@"
END
    chmod +x without-proc
    rm p.csv
    echo x >.fftool-0123abcd
    ./without-proc "$FFTOOL" predict m.ff --input "$input" --output p.csv --quiet
    ok "an output is complete without unnamed files, too" cmp p.csv new.csv
    ./without-proc "$FFTOOL" predict m.ff --input "$input" --limit 20 --output p.csv --quiet
    ok "and replaced" lines p.csv 21
    ok "and nothing is left" [ -z "$(find . -name '.fftool-*')" ]
else
    echo "SKIPPED: /proc cannot be hidden: file systems whose files need a name"
fi

# Profiles, killed before and after they have put something into their directory
tiny="--data $data --depths 1 --modes ff-stream --hidden 10 --batch 50 --samples 50 --quiet"
mkdir o.json.work
ff 0 profile $tiny -o o.json
ok "an empty work directory is taken over, and removed" [ ! -e o.json.work ]
mkdir -p o.json.work/point/m.ff.scratch
echo x >o.json.work/point/m.ff
ff 0 profile $tiny -o o.json --force
ok "so is one with a model" [ ! -e o.json.work ]
mkdir o.json.work
echo x >o.json.work/notes
refused 1 'o\.json\.work: exists, and is not a temporary directory' profile $tiny -o o.json --force
ok "$kept" [ -e o.json.work/notes ]
rm -r o.json.work
mkdir o.json.work
exec 8<o.json.work
flock 8
refused 1 'o\.json\.work: in use by another .fftool profile.' profile $tiny -o o.json --force
exec 8<&-
finish
