# SPDX-License-Identifier: Apache-2.0
# What is meant is named: words without their separators, in capitals, or cut short. A wrong type is reported although
# the shape is unknown too.
cat > t.ini <<'END'
[model a]
model = shape:llama3.2-1b
type = q4km, q40, Q8, q9_z
[model b]
model = shape:nothing-of-the-kind
type = Q4_K-M, BF-16
[model c]
model = llama3.2-1b
type = q5km
[model d]
type = q80
[workload w]
kind = dense
prompt-tokens = 4
THREADS = 2
out-put = 3
END
"$EFFBENCH" run t.ini
