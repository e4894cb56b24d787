//! `earlybrd bench generate`: filters and postings like those of people, the same for the same seed.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use fastrand::Rng;
use serde_json::json;

use super::hostile;

/// Words of the trade, commonest first; also those that are hard to tell apart.
const TRADE: &[&str] = &[
    "engineer",
    "developer",
    "senior",
    "remote-first",
    "cloud",
    "javascript",
    "python",
    "data",
    "react",
    "java",
    "aws",
    "typescript",
    "node.js",
    "kubernetes",
    "docker",
    "postgresql",
    "golang",
    "rust",
    "c++",
    "c#",
    ".net",
    "php",
    "ruby",
    "rails",
    "devops",
    "linux",
    "terraform",
    "kafka",
    "redis",
    "graphql",
    "django",
    "swift",
    "kotlin",
    "android",
    "ios",
    "vue.js",
    "angular",
    "scala",
    "elixir",
    "haskell",
    "clojure",
    "f#",
    "zig",
    "webassembly",
    "pytorch",
    "spark",
    "snowflake",
    "figma",
    "ux",
    "seo",
    "café",
    "münchen",
    "größe",
    "señor",
    "naïve",
    "łódź",
    "résumé",
];

/// Places that postings state and filters ask for.
const PLACES: &[&str] = &[
    "Berlin, Germany",
    "Paris, France",
    "London, United Kingdom",
    "New York, United States",
    "Toronto, Canada",
    "Madrid, Spain",
    "Warsaw, Poland",
    "São Paulo, Brazil",
    "Bengaluru, India",
    "Anywhere",
    "EU only",
    "Europe",
    "North America",
    "Singapore",
    "Sydney, Australia",
];
const PLACE_CLAUSES: &[&str] = &[
    "country:de",
    "country:fr",
    "country:gb",
    "country:us",
    "country:ca",
    "country:pl",
    "location:eu",
    "location:europe",
    "location:latam",
    "location:=berlin",
    "location:=toronto",
];

const SYLLABLES: &[&str] = &[
    "ba", "cor", "del", "fen", "gra", "hil", "jun", "kel", "lor", "mar", "nov", "pel", "qui",
    "ros", "sel", "tan", "ulm", "ver", "wex", "yor", "zan", "bri", "cla", "dro", "fli", "glo",
    "pra", "ste",
];

/// Words of the vocabulary.
const WORDS: usize = 60_000;

/// Names of companies.
const COMPANIES: usize = 20_000;

/// Steepness of Zipf's law.
const EXPONENT: f64 = 1.0;

/// What to generate.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Wanted {
    /// How many filters
    #[arg(long)]
    pub filters: u32,
    /// How many postings
    #[arg(long)]
    pub postings: u32,
    /// The same seed gives the same files
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// About 1 % of pairs match instead of 0.1 %
    #[arg(long)]
    pub dense: bool,
    /// Filters' words with plurals and synonyms, instead of exact ones
    #[arg(long)]
    pub fold: bool,
    /// Filters that are made to be slow
    #[arg(long)]
    pub hostile: bool,
}

/// Writes `filters.jsonl` and `postings.jsonl`.
pub fn run(wanted: Wanted, out: &Path) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    let mut world = World::new(wanted);
    let mut file = create(&out.join("postings.jsonl"))?;
    for id in 0..wanted.postings {
        writeln!(file, "{}", world.posting(id))?;
    }
    file.flush()?;
    let mut file = create(&out.join("filters.jsonl"))?;
    for id in 0..wanted.filters {
        writeln!(file, "{}", json!({ "id": id, "filter": world.filter(id) }))?;
    }
    file.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn create(path: &Path) -> anyhow::Result<BufWriter<File>> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(BufWriter::new(file))
}

/// Numbers that follow Zipf's law: the first is drawn most often.
struct Zipf(Vec<f64>);

impl Zipf {
    fn new(count: usize) -> Self {
        let mut sum = 0.0;
        let weights = (1..=count).map(|rank| {
            sum += 1.0 / f64::from(u32::try_from(rank).unwrap_or(u32::MAX)).powf(EXPONENT);
            sum
        });
        Self(weights.collect())
    }

    fn draw(&self, rng: &mut Rng) -> usize {
        let drawn = rng.f64() * self.0.last().copied().unwrap_or_default();
        self.0.partition_point(|sum| *sum < drawn).min(self.0.len().saturating_sub(1))
    }
}

/// What filters and postings are drawn from.
pub struct World {
    rng: Rng,
    wanted: Wanted,
    words: Vec<String>,
    zipf: Zipf,
    companies: Zipf,
}

impl World {
    pub fn new(wanted: Wanted) -> Self {
        let mut rng = Rng::with_seed(wanted.seed);
        // Words of the trade lie among invented ones, so that some are common and some rare.
        let mut words: Vec<String> = TRADE.iter().map(|word| (*word).to_owned()).collect();
        while words.len() < WORDS {
            let syllables = 2 + usize::from(words.len() > 400) + rng.usize(0..2);
            words.push((0..syllables).filter_map(|_| rng.choice(SYLLABLES).copied()).collect());
        }
        let (fixed, rest) = words.split_at_mut(20);
        rng.shuffle(fixed);
        for place in 0..TRADE.len() - 20 {
            rest.swap(place, rng.usize(0..2_000));
        }
        Self { rng, wanted, words, zipf: Zipf::new(WORDS), companies: Zipf::new(COMPANIES) }
    }

    fn word(&mut self) -> String {
        let drawn = self.zipf.draw(&mut self.rng);
        self.words.get(drawn).cloned().unwrap_or_default()
    }

    fn company(&mut self) -> String {
        let number = self.companies.draw(&mut self.rng);
        // A word of its own for each, so that its name says which one it is.
        let own = self.words.get(WORDS - 1 - number).cloned().unwrap_or_default();
        format!("{own}{number}")
    }

    pub fn posting(&mut self, id: u32) -> serde_json::Value {
        let length = self.rng.usize(150..=600);
        let mut body = String::new();
        for place in 0..length {
            let end = match place {
                0 => "",
                _ if place.is_multiple_of(60) => ".\n\n",
                _ if place.is_multiple_of(13) => ". ",
                _ if place.is_multiple_of(7) => ", ",
                _ => " ",
            };
            body.push_str(end);
            let word = self.word();
            body.push_str(&word);
        }
        let title: Vec<String> = (0..self.rng.usize(3..=6)).map(|_| self.word()).collect();
        let tags: Vec<String> = (0..self.rng.usize(0..=5)).map(|_| self.word()).collect();
        let location = self.rng.choice(PLACES).copied().filter(|_| self.rng.u8(..) < 200);
        let remote = self.rng.choice(["yes", "hybrid", "no"]).filter(|_| self.rng.u8(..) < 180);
        let pay = (self.rng.u8(..) < 100).then(|| {
            let low = self.rng.u32(30..180) * 1_000;
            let currency = self.rng.choice(["USD", "EUR", "GBP"]);
            json!({ "min": low, "max": low + 20_000, "currency": currency, "period": "year" })
        });
        json!({
            "id": id,
            "identity": format!("posting-{id}"),
            "board": self.rng.choice(["alpha", "beta", "gamma", "delta"]),
            "url": format!("https://jobs.example/{id}"),
            "title": title.join(" "),
            "company": self.company(),
            "location": location,
            "remote": remote,
            "pay": pay,
            "tags": tags,
            "posted_at": "2026-11-01T12:00:00Z",
            "body": body,
        })
    }

    pub fn filter(&mut self, id: u32) -> String {
        if self.wanted.hostile {
            let common = self.words.get(..400).unwrap_or_default();
            return hostile::filter(id, &mut self.rng, common);
        }
        let most = if self.wanted.dense { 2 } else { 4 };
        let count =
            1 + self.rng.usize(0..most) + usize::from(!self.wanted.dense && self.rng.bool());
        let skipped = if self.wanted.dense { 600 } else { 14_000 };
        let first = self.telling(skipped);
        let mut parts = vec![self.written(first)];
        for _ in 1..count {
            let part = match self.rng.u8(0..100) {
                0..=39 => self.required(),
                40..=54 => format!("({} OR {})", self.term(), self.term()),
                55..=66 => format!("-{}", self.term()),
                67..=74 => "remote".to_owned(),
                75..=84 => self.rng.choice(PLACE_CLAUSES).copied().unwrap_or_default().to_owned(),
                85..=92 => format!("pay>={}k", self.rng.u32(3..20) * 10),
                _ => format!("title:{}", self.term()),
            };
            parts.push(part);
        }
        parts.join(" ")
    }

    /// What a posting must have.
    fn required(&mut self) -> String {
        match self.rng.u8(0..100) {
            0..=69 => self.term(),
            70..=81 => format!("({} OR {})", self.term(), self.term()),
            82..=89 => {
                let (one, two) = (self.telling(100), self.word());
                format!("\"{one} {two}\"")
            }
            90..=94 => self.prefix(),
            _ => format!("company:{}", self.company()),
        }
    }

    /// A word as people look for one: hardly ever among the commonest of all.
    fn telling(&mut self, skipped: usize) -> String {
        let drawn = skipped + self.zipf.draw(&mut self.rng) * 3 / 2;
        self.words.get(drawn.min(WORDS - 1)).cloned().unwrap_or_default()
    }

    fn term(&mut self) -> String {
        let skipped = if self.wanted.dense { 60 } else { 300 };
        let word = self.telling(skipped);
        self.written(word)
    }

    fn written(&self, word: String) -> String {
        if self.wanted.fold { word } else { format!("={word}") }
    }

    fn prefix(&mut self) -> String {
        loop {
            let word = self.telling(300);
            let begin: String = word.chars().take(5).collect();
            if begin.len() == 5 && begin.bytes().all(|byte| byte.is_ascii_lowercase()) {
                return format!("{begin}*");
            }
        }
    }
}
