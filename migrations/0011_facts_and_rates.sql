-- What postings state as values (kind of employment, level, language, visa, time zones), in the
-- JSON form of docs/posting.md; what is not there is unknown.
ALTER TABLE postings ADD COLUMN facts jsonb NOT NULL DEFAULT '{}';

-- Units of each currency that one US dollar buys, and the day of that. The newest day of each
-- currency counts. The first rows are those of src/domain/rates.csv.
CREATE TABLE exchange_rates (
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    as_of    date NOT NULL,
    per_usd  numeric NOT NULL CHECK (per_usd > 0),
    PRIMARY KEY (currency, as_of)
);
INSERT INTO exchange_rates (currency, per_usd, as_of) VALUES
    ('USD', 1, '2025-06-30'), ('EUR', 0.853, '2025-06-30'), ('GBP', 0.729, '2025-06-30'),
    ('CHF', 0.797, '2025-06-30'), ('CAD', 1.364, '2025-06-30'), ('AUD', 1.526, '2025-06-30'),
    ('NZD', 1.648, '2025-06-30'), ('SEK', 9.50, '2025-06-30'), ('NOK', 10.11, '2025-06-30'),
    ('DKK', 6.366, '2025-06-30'), ('PLN', 3.62, '2025-06-30'), ('CZK', 21.1, '2025-06-30'),
    ('HUF', 341, '2025-06-30'), ('RON', 4.33, '2025-06-30'), ('TRY', 39.8, '2025-06-30'),
    ('UAH', 41.6, '2025-06-30'), ('ILS', 3.37, '2025-06-30'), ('INR', 85.7, '2025-06-30'),
    ('JPY', 144.4, '2025-06-30'), ('CNY', 7.165, '2025-06-30'), ('HKD', 7.85, '2025-06-30'),
    ('SGD', 1.274, '2025-06-30'), ('KRW', 1350, '2025-06-30'), ('BRL', 5.45, '2025-06-30'),
    ('MXN', 18.8, '2025-06-30'), ('ARS', 1195, '2025-06-30'), ('CLP', 931, '2025-06-30'),
    ('COP', 4080, '2025-06-30'), ('ZAR', 17.76, '2025-06-30'), ('NGN', 1530, '2025-06-30'),
    ('KES', 129.2, '2025-06-30'), ('EGP', 49.7, '2025-06-30'), ('AED', 3.6725, '2025-06-30'),
    ('PHP', 56.3, '2025-06-30'), ('IDR', 16230, '2025-06-30'), ('THB', 32.5, '2025-06-30'),
    ('VND', 26100, '2025-06-30'), ('MYR', 4.21, '2025-06-30');
