# SPDX-License-Identifier: Apache-2.0
# run.json comes back equal from the raw files alone, and the report is the run's, byte for byte, in every format.
"$EFFBENCH" run "$SRC/configs/ci.ini" --out r --set run:cold_start=no >out 2>err
cp r/run.json first.json
rm r/run.json
"$EFFBENCH" report r >again
cmp out again
cmp first.json r/run.json
"$EFFBENCH" report r --format json >json
cmp first.json json
mv r elsewhere
"$EFFBENCH" report elsewhere >moved
cmp out moved
for metric in ttft_ns itl_ns tpot_ns e2e_ns prefill_tok_s decode_tok_s throughput_tok_s goodput_tok_s energy_j j_per_tok j_per_prompt_tok \
    j_per_decode_tok j_per_req net_energy_j power_w tok_per_j usd_per_mtok tok_per_usd tok_per_charge gco2e_per_mtok bytes_per_tok \
    flop_per_tok load_ns first_token_cold_ns rss_peak_bytes model_bytes kv_bytes kld_nats top1_agree bw_frac flop_frac; do
    grep -q "\"$metric\"" json || { echo "no $metric in run.json"; exit 1; }
done
