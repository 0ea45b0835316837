# No price, tariff, intensity or stated watts without their source and date.
cat > t.ini <<'END'
[model m]
model = shape:tiny-llama
[workload w]
kind = dense
[probes]
stated_load_w = 10
stated_idle_w = 20
boundary = socket
sources = powercab
[cost]
price_usd = 100
usd_per_hour = 2
usd_per_kwh = 0.2
tariff_source = bill, page 2
intensity_g_per_kwh = 400
intensity_date = 2025-13-01
embodied_g = 1
utilisation = 120%
demonstration = perhaps
END
"$EFFBENCH" run t.ini
