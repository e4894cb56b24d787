-- Pay as it compares: US dollars a year, by the rates of a day. What was stated stays in `pay`.
ALTER TABLE postings
    ADD COLUMN pay_usd_min numeric CHECK (pay_usd_min >= 0),
    ADD COLUMN pay_usd_max numeric CHECK (pay_usd_max >= 0),
    ADD COLUMN pay_rates_as_of date;
