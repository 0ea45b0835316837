# Every wrong command line has its reason on stderr and nothing on stdout.
try() {
    echo "$ effbench model $*" >&2
    status=0
    "$EFFBENCH" model "$@" || status=$?
    echo "exit $status" >&2
}
"$EFFBENCH" model make --shape tiny-llama --type q4_0 -o m.gguf >/dev/null
"$EFFBENCH" model make --shape tiny-llama -o taken >/dev/null
mkdir folder
try
try inspekt m.gguf
try make
try make --shape tiny-lama -o x
try make --shape tiny-llama --type q4 -o x
try make --shape tiny-llama --seed -1 -o x
try make --shape tiny-llama --seed 1e3 -o x
try make --shape tiny-llama -o
try make --shape tiny-llama -o folder
try make --shape tiny-llama -o missing/x
try make --shape tiny-llama -o taken/x
try make --shape tiny-llama -o x y
try make --sape tiny-llama -o x
try inspect
try inspect m.gguf m.gguf
try inspect m.gguf --format csv
try quantize m.gguf
try quantize m.gguf x --type q9
try quantize m.gguf x --type q8_0
try quantize taken taken --type q8_0
try quantize taken ./taken --type q8_0
try logits m.gguf
try logits --tokens 1
try logits m.gguf --tokens ''
try logits m.gguf --tokens 1,,2
try logits m.gguf --tokens 1,2,
try logits m.gguf --tokens ' 1'
try logits m.gguf --tokens -1
try logits m.gguf --tokens 1x
try logits m.gguf --tokens 99999999999999999999
try logits m.gguf --tokens 4294967296
try logits m.gguf --tokens 0,512
try logits m.gguf --tokens 1 --mode fill
try logits m.gguf --tokens 1 --kv q8
try logits m.gguf --tokens 1 --threads 0
try logits m.gguf --tokens 1 --chunk -3
try logits m.gguf --tokens 1 --chunk 2 --mode decode
try logits m.gguf --tokens 1 --batch 2
try logits m.gguf --tokens 1 --batch 0 --mode decode
ls
