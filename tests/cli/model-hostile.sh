# Files that are no models, or worse: one clear line each, exit 2.
LC_ALL=C
try() {
    for verb in inspect 'logits --tokens 1'; do
        status=0
        "$EFFBENCH" model $verb "$1" || status=$?
        [ $status = 2 ] || echo "$verb $1: exit $status" >&2
    done
}
u64() { # little-endian, below 2^24
    printf "\\$(printf %o $(($1 & 255)))\\$(printf %o $(($1 >> 8 & 255)))\\$(printf %o $(($1 >> 16 & 255)))\\0\\0\\0\\0\\0"
}
head() { printf 'GGUF\3\0\0\0'; u64 "$1"; u64 "$2"; }
text() { u64 ${#1}; printf %s "$1"; }
u32() { u64 "$1" | dd bs=4 count=1 2>/dev/null; }
room() { dd if=/dev/zero bs=256 count=1 2>/dev/null; }
tensor() { head 1 0; text t; u32 "$1"; shift; for n in "$@"; do u64 "$n"; done; }

try missing
mkdir folder && try folder
: >empty && try empty
echo 'This is no model, whatever its name says.' >text && try text
printf 'GGUF\3\0' >short && try short
{ printf 'GGUF\1\0\0\0'; room; } >version1 && try version1
{ printf 'GGUF\0\0\0\3'; room; } >big-endian && try big-endian
{ printf 'GGUF\3\0\0\0\0\0\0\0\0\0\0\20'; u64 0; room; } >many-tensors && try many-tensors
{ printf 'GGUF\3\0\0\0'; u64 0; printf '\377\377\377\377\377\377\377\377'; room; } >many-keys && try many-keys
{ head 0 1; text list; u32 9; u32 9; u64 1; u32 9; u64 1; room; } >nested && try nested
{ head 0 1; text list; u32 9; u32 10; printf '\1\0\0\0\0\0\0\40'; room; } >long-array && try long-array
{ head 0 2; text a; u32 4; u32 1; text a; u32 4; u32 1; } >twice && try twice
{ head 0 1; printf '\377\377\377\377\377\377\377\377'; room; } >long-key && try long-key
{ tensor 1 32; u32 0; u64 4096; room; } >offset && try offset
{ tensor 1 32; u32 0; u64 7; room; } >crooked && try crooked
{ tensor 4 65536 65536 65536 65536; u32 0; u64 0; room; } >overflow && try overflow
{ tensor 4 65535 65535 65535 1; u32 0; u64 0; room; } >huge && try huge
{ tensor 1 0; u32 0; u64 0; room; } >nothing && try nothing
{ tensor 9 1 1 1 1 1 1 1 1 1; u32 0; u64 0; room; } >nine-dims && try nine-dims
{ tensor 1 32; u32 77; u64 0; room; } >unknown-type && try unknown-type
{ tensor 1 33; u32 8; u64 0; room; } >broken-row && try broken-row
{ head 0 0; room; } >no-model && try no-model

# Good files with something wrong in them.
"$EFFBENCH" model make --shape tiny-mixtral --type q8_0 -o good >/dev/null
replace() { sed "s/$2/$3/g" good >"$1" && try "$1"; }
key() { # FILE KEY VALUE: a 32-bit value
    cp good "$1"
    at=$(grep -abo "$2" good | sed -n '1s/:.*//p')
    u32 "$3" | dd of="$1" bs=1 seek=$((at + ${#2} + 4)) conv=notrunc 2>/dev/null
    try "$1"
}
replace other-architecture 'general.architecture\(.\{12\}\)llama' 'general.architecture\1bloom'
replace missing-tensor 'blk\.1\.ffn_norm\.weight' 'blk.1.ffn_nork.weight'
replace missing-key 'llama\.block_count' 'llama.block_kount'
key experts llama.expert_used_count 5
key no-layers llama.block_count 0
key wrong-shape llama.embedding_length 288
key heads llama.attention.head_count_kv 3
dd if=good of=truncated bs=1000 count=900 2>/dev/null && try truncated
