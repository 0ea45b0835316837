# SPDX-License-Identifier: Apache-2.0
# check_logits KIND ARCH [mkmodel options]: the engine's logits against the float64 reference for every type, in one batch, in
# uneven chunks, token by token and in a batch of sequences, with the bounds of the contract (docs/models.md): dense, moe and ssm
# differ. ISAS: under these instruction sets, those that are not usable here left out; else under the one that is chosen.
# $TESTBIN holds the tools, $EFFBENCH the program, $RUNNER an emulator or nothing.
TOKENS=1,17,300,5,5,42,210,7,99,150,33,301,8,64,128,2,255,19

limit() {  # limit KIND TYPE
    case $1-$2 in
    *-f32) echo 1e-10 ;;
    dense-f16) echo 1e-6 ;; dense-bf16) echo 5e-5 ;; dense-q2_k) echo 1.8e-3 ;; dense-*_k) echo 1.6e-3 ;; dense-*) echo 7e-4 ;;
    moe-f16) echo 2e-6 ;; moe-bf16) echo 1e-4 ;; moe-q2_k) echo 3e-3 ;; moe-*_k) echo 2.2e-3 ;; moe-*) echo 8e-4 ;;
    ssm-f16) echo 1e-5 ;; ssm-bf16) echo 2e-4 ;; ssm-*_k) echo 1.5e-2 ;; ssm-*) echo 5e-3 ;;
    esac
}

check_one() {  # check_one KIND LABEL MODEL: all modes against the reference
    $RUNNER "$TESTBIN/ref_logits" "$3" --tokens $TOKENS >want.csv || { echo "ref_logits failed on $2"; return 1; }
    for isa in ${ISAS:-chosen}; do
        [ $isa = chosen ] || export EFFBENCH_ISA=$isa
        for mode in "--mode prefill" "--mode prefill --chunk 5" "--mode decode" "--mode decode --batch ${BATCH:-3}"; do
            $RUNNER "$EFFBENCH" model logits "$3" --tokens $TOKENS $mode --threads 2 >got.csv || { echo "no logits: $2 $isa $mode"; return 1; }
            $RUNNER "$TESTBIN/cmp_logits" got.csv want.csv --nmse "$1" --top1-margin 8 >cmp.txt 2>&1 ||
                { echo "$2 $isa $mode:"; cat cmp.txt; return 1; }
        done
    done
}

usable_isas() {  # those that EFFBENCH_ISA may name on this machine, scalar first; fails where not even that may be
    $RUNNER "$TESTBIN/mkmodel" tiny.gguf --arch llama --type F32 >/dev/null
    EFFBENCH_ISA=scalar $RUNNER "$EFFBENCH" model logits tiny.gguf --tokens 1 >/dev/null || return 1
    for isa in scalar avx2 avxvnni avx512 avx512vnni amx neon neondot neoni8mm; do
        EFFBENCH_ISA=$isa $RUNNER "$EFFBENCH" model logits tiny.gguf --tokens 1 >/dev/null 2>&1 && echo $isa
    done
    rm tiny.gguf
}

# Fails (set -e) when any type of the line is out of bounds.
check_logits() {
    kind=$1 arch=$2; shift 2
    bad=0
    for type in ${TYPES:-f32 f16 bf16 q8_0 q4_0 q4_1 q5_0 q5_1 q2_k q3_k q4_k q5_k q6_k}; do
        for seed in ${SEEDS:-1 2}; do
            $RUNNER "$TESTBIN/mkmodel" m.gguf --arch "$arch" --type "$(echo $type | tr a-z A-Z)" --seed $seed "$@" >/dev/null 2>&1 || { echo "mkmodel $arch $type"; bad=1; continue; }
            check_one "$(limit $kind $type)" "$arch $type seed $seed $*" m.gguf || bad=1
        done
    done
    [ $bad = 0 ]
}
