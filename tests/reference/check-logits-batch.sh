# SPDX-License-Identifier: Apache-2.0
# Any number of sequences at once: whole tiles of columns, remainders of each length, more than a tile.
. "$SRC/tests/reference/logits_lib.sh"
TOKENS=1,17,300,5,42,210,7
ISAS=$(usable_isas)
check_batches() {  # check_batches KIND ARCH TYPE N...: mkmodel's default shape
    kind=$1 arch=$2 type=$3; shift 3
    $RUNNER "$TESTBIN/mkmodel" m.gguf --arch $arch --type "$(echo $type | tr a-z A-Z)" --seed 11 >/dev/null 2>&1
    $RUNNER "$TESTBIN/ref_logits" m.gguf --tokens $TOKENS >want.csv
    for isa in $ISAS; do
        for n; do
            EFFBENCH_ISA=$isa $RUNNER "$EFFBENCH" model logits m.gguf --tokens $TOKENS --mode decode --batch $n --threads 2 >got.csv
            $RUNNER "$TESTBIN/cmp_logits" got.csv want.csv --nmse "$(limit $kind $type)" --top1-margin 8 >cmp.txt 2>&1 ||
                { echo "$arch $type $isa, $n sequences:"; cat cmp.txt; return 1; }
        done
    done
}
few="2 5 16 65"
if [ "${SLOW:-}" ]; then most=$few; else most=$(seq 1 65); fi
check_batches dense llama q4_0 $most
check_batches dense llama f16 $few
check_batches dense llama q4_k $few
check_batches moe qwen2moe q8_0 $most
check_batches ssm mamba q4_0 $most
check_batches ssm mamba2 q8_0 $few
