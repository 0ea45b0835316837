#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# selfcheck.sh [BUILD_DIR]: proves the float64 reference by arithmetic that is
# independent of it. Compiles with $CC (cc) into BUILD_DIR (a temporary folder).
# One line per check: "ok - name" or "not ok - name"; exit 1 if any failed.
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
bin=${1:-$tmp}
mkdir -p "$bin" || exit 1
bin=$(cd "$bin" && pwd) || exit 1
failed=0

report() { # STATUS NAME
    if [ "$1" -eq 0 ]; then echo "ok - $2"; else echo "not ok - $2"; failed=1; fi
}

build() { # PROGRAM SOURCE...
    program=$1
    shift
    (cd "$here" && ${CC:-cc} -std=gnu11 -Wall -Wextra -Werror -O2 -o "$bin/$program" "$@" -lm)
    status=$?
    report $status "compiles: $program"
    [ $status -eq 0 ] || exit 1
}

reader="ref_gguf.c ref_dequant.c"
model="ref_model.c ref_attention.c ref_ffn.c ref_mamba.c ref_ops.c $reader"
build ref_logits ref_logits.c $model
build mkmodel mkmodel.c mk_gguf.c mk_blocks.c $reader
build cmp_logits cmp_logits.c
build ref_selftest ref_selftest.c ref_selftest_parts.c ref_selftest_attention.c ref_selftest_statespace.c \
    mk_gguf.c mk_blocks.c $model

"$bin/ref_selftest" "$tmp"
report $? "arithmetic of the parts"

# --- cmp_logits --------------------------------------------------------------
cd "$tmp" || exit 1
printf '1,2\n3,-4\n' > a.csv
printf '1,1\n3,-4\n' > b.csv
printf '1,nan\n3,-4\n' > nan.csv
printf '1,2\n3\n' > ragged.csv
printf '1,2\n' > short.csv
printf '1,0.9\n0,5\n' > flipped.csv
printf '0.9,1\n0,5\n' > near.csv
: > empty.csv

expect() { # EXIT NAME ARGS...
    want=$1 name=$2
    shift 2
    "$bin/cmp_logits" "$@" > out.txt 2> err.txt
    test $? -eq "$want"
    report $? "cmp_logits: $name"
}
expect 0 "equal files" a.csv a.csv --nmse 0
expect 0 "1/27 is within 0.0371" a.csv b.csv --nmse 0.0371
grep -q 'nmse 3.704e-02 max_abs 1.000e+00' out.txt
report $? "cmp_logits: prints 1/27 and 1"
expect 1 "1/27 is not within 0.037" a.csv b.csv --nmse 0.037
expect 1 "not a number" nan.csv a.csv --nmse 1
expect 1 "not a number in the reference" a.csv nan.csv --nmse 1
expect 1 "ragged rows" ragged.csv a.csv --nmse 1
expect 1 "shapes differ" short.csv a.csv --nmse 1
expect 1 "empty file" empty.csv empty.csv --nmse 1
expect 1 "no such file" none.csv a.csv --nmse 1
expect 0 "a near tie may flip" near.csv flipped.csv --nmse 1 --top1-margin 8
grep -q 'top1 1/2 clear_top1 1/1' out.txt
report $? "cmp_logits: counts clear rows apart"
expect 1 "a clear choice may not flip" near.csv flipped.csv --nmse 1 --top1-margin 0.1

# --- mkmodel and ref_logits --------------------------------------------------
tokens=5,17,200,3,3,99
types="F32 F16 BF16 Q8_0 Q4_0 Q4_1 Q5_0 Q5_1 IQ4_NL Q2_K Q3_K Q4_K Q5_K Q6_K"
for arch in llama mixture qwen2 qwen3 olmoe qwen2moe qwen3moe mamba mamba2; do
    options="--arch $arch"
    [ $arch = mixture ] && options="--arch llama --experts 8"
    bad=
    for type in $types; do
        "$bin/mkmodel" m.gguf $options --type $type --layers 1 --vocab 256 &&
            "$bin/ref_logits" m.gguf --tokens $tokens > m.csv && "$bin/cmp_logits" m.csv m.csv --nmse 0 > out.txt ||
            bad="$bad $type"
    done
    test -z "$bad"
    report $? "models of every type: $arch$bad"
done

"$bin/mkmodel" one.gguf --arch qwen3moe --type Q4_K --mixed --seed 9 &&
    "$bin/mkmodel" two.gguf --arch qwen3moe --type Q4_K --mixed --seed 9 && cmp -s one.gguf two.gguf
report $? "mkmodel: a seed gives the same bytes"
"$bin/mkmodel" two.gguf --arch qwen3moe --type Q4_K --mixed --seed 10 && ! cmp -s one.gguf two.gguf
report $? "mkmodel: another seed gives others"
"$bin/ref_logits" one.gguf --tokens $tokens > whole.csv && "$bin/ref_logits" one.gguf --tokens $tokens --row-last > last.csv &&
    tail -n 1 whole.csv | cmp -s - last.csv
report $? "ref_logits: --row-last is the last row"
"$bin/ref_logits" one.gguf --tokens 5,17,200 > part.csv && head -n 3 whole.csv | cmp -s - part.csv
report $? "ref_logits: a prefix has the rows of the whole"
"$bin/mkmodel" v2.gguf --arch mamba2 --type Q8_0 --v2 && "$bin/mkmodel" v3.gguf --arch mamba2 --type Q8_0 &&
    "$bin/ref_logits" v2.gguf --tokens $tokens > v2.csv && "$bin/ref_logits" v3.gguf --tokens $tokens | cmp -s - v2.csv
report $? "GGUF v2 and v3 of one model have the same logits"
head -c 3000 v3.gguf > cut.gguf
! "$bin/ref_logits" cut.gguf --tokens 1 > out.txt 2> err.txt && ! "$bin/ref_logits" a.csv --tokens 1 > out.txt 2> err.txt &&
    ! "$bin/ref_logits" v3.gguf --tokens 100000 > out.txt 2> err.txt
report $? "ref_logits: refuses a cut file, another format, a token beyond the vocabulary"

exit $failed
