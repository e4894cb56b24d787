-- A posting whose pay was compared.
UPDATE postings SET pay_usd_min = 2400, pay_usd_max = 4900, pay_rates_as_of = '2026-01-02' WHERE id = 1;
