//! Languages by their small words: enough of those of one, and of no other, tell it at once.

use std::sync::LazyLock;

use hashbrown::HashMap;

/// In English job advertisements a third of all words is among these, in those of other languages at
/// most a sixteenth.
const ENGLISH: &str = "a about all an and any are as at be been but by can do each every for from have \
    has help how if into is it its more need new not of on one or our out over own so than that the \
    their them they this to two up us we what when where which who will with work would you your \
    you’ll you’re";

/// Languages that share some small words, each with its own.
const OTHERS: [(&str, &str); 10] = [
    ("af", "dis ek ’n n hy jou jy moet my nie sal se sy vir wees word"),
    ("ca", "amb aquest dels els ens és més molt nostra nostre però sense són també teva teu"),
    // Czech, Slovak and Croatian.
    (
        "cs",
        "aj alebo ako će ili je jeho jsme jsou kao koja koji ktoré které kteří nebo pri při sa se su sú ve",
    ),
    (
        "de",
        "aber als am an auch auf aus bei bis das dass dein deine deinem deinen deiner dem den der des \
         dich die dir du durch ein eine einem einen einer eines er es für gerne haben hast hat ich ihr \
         ihre ihren im in ist kannst mit nach nicht oder ob sein sich sie sind so sowie und uns unser \
         unsere unserem unseren über um vom von vor was wenn wer werden wie wir wird zu zum zur",
    ),
    (
        "es",
        "a al como con cada de del desde donde e el en entre es esta este esto ha la las le les lo los \
         más muy no nos nuestra nuestras nuestro nuestros o para pero por que qué se ser si sin sobre \
         son su sus te tu tus un una unas uno unos y ya",
    ),
    (
        "fr",
        "à au aux avec c’est ce ces cette chez dans de des du elle en est et être il la le les leur \
         leurs mais ne nos notre nous on ou où par pas plus pour que qui sa sans ses si son sont sur \
         ta tes ton tu un une vos votre vous y",
    ),
    (
        "it",
        "a ai al alla alle anche che chi come con da dai dal dalla degli dei del della delle di e è ed \
         gli i il in la le lo ma ne nei nel nella noi nostra nostre nostri nostro non o per più se si \
         sono su sua sul sulla suo ti tra tu tuo un una uno vi",
    ),
    (
        "nl",
        "aan als bij binnen dan dat de deze die dit door een en er goed graag heb hebben hebt heeft het \
         hoe in is je jij jou jouw kan kun met na naar niet nog of om onder ons onze ook op over te \
         tot uit van voor waar was wat we wij worden wordt ze zich zijn zo zodat zoals",
    ),
    (
        "pl",
        "a ale być co czy dla do i ich jako jego jest która które który lub może na nas nasz nasza nasze \
         naszego naszym nie o od oraz po pod przez przy się są to twoje tym w we z za ze że",
    ),
    (
        "pt",
        "a ao aos as até com como da das de do dos e é ela ele em entre está isso mais mas muito na nas \
         não no nos nossa nossas nosso nossos o os ou para pela pelo por que quem se sem ser seu seus \
         sobre sua suas também tem um uma você",
    ),
];

/// The languages of which a word is one, each as a bit: English first, then the others in their order.
static WORDS: LazyLock<HashMap<u64, u16>> = LazyLock::new(|| {
    let lists = std::iter::once(ENGLISH).chain(OTHERS.map(|(_, words)| words));
    let mut known = HashMap::new();
    for (language, words) in lists.enumerate() {
        for word in words.split_whitespace() {
            *known.entry(small(word.as_bytes()).expect("a small word")).or_default() |=
                1 << language;
        }
    }
    known
});

/// The first of the others are never told, since they are close to one of the rest: only those words of
/// theirs are listed that it has not, and each counts so often.
const CLOSE: usize = 3;
const TIMES: u32 = 3;

/// Words from which a language is told.
const FEWEST_WORDS: u32 = 25;

/// Longer words are not small.
const LONGEST_BYTES: usize = 8;

/// A word in small letters as a number, if it is short enough.
fn small(word: &[u8]) -> Option<u64> {
    let number = || word.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte));
    (word.len() <= LONGEST_BYTES).then(number)
}

/// A text in which ASCII letters are small, and zeros stand for what is no letter, digit or apostrophe.
/// That goes by blocks of bytes.
fn letters(text: &str) -> Vec<u8> {
    let letter = |byte: u8| {
        let of_word = byte.is_ascii_alphanumeric() | !byte.is_ascii();
        if of_word { byte.to_ascii_lowercase() } else { 0 }
    };
    let mut letters: Vec<u8> = text.bytes().map(letter).collect();
    if !text.is_ascii() {
        let other = |c: char| !c.is_ascii() && !c.is_alphanumeric() && c != '’';
        for (at, c) in text.char_indices().filter(|(_, c)| other(*c)) {
            letters.get_mut(at..at + c.len_utf8()).into_iter().for_each(|bytes| bytes.fill(0));
        }
    }
    letters
}

/// How many words of a text are small ones of each language.
#[derive(Debug, Clone, Copy)]
pub struct SmallWords {
    words: u32,
    /// English first, then the others in their order; those that are never told as often as they count.
    counts: [u32; 1 + OTHERS.len()],
}

impl SmallWords {
    pub fn of(text: &str) -> Self {
        let mut words = 0_u32;
        let mut counts = [0_u32; 1 + OTHERS.len()];
        let known = &*WORDS;
        for word in letters(text).split(|byte| *byte == 0).filter(|word| !word.is_empty()) {
            words += 1;
            let mut of = small(word).and_then(|word| known.get(&word)).copied().unwrap_or_default();
            while of != 0 {
                let language = usize::try_from(of.trailing_zeros()).unwrap_or_default();
                counts.get_mut(language).into_iter().for_each(|count| *count += 1);
                of &= of - 1;
            }
        }
        counts.iter_mut().skip(1).take(CLOSE).for_each(|count| *count *= TIMES);
        Self { words, counts }
    }

    /// The language of which a sixth of all words is; but for English, which shares few, only if it has
    /// far more of them than any other.
    pub fn language(&self) -> Option<&'static str> {
        let Self { words, counts: [english, others @ ..] } = *self;
        if words < FEWEST_WORDS || english * 6 >= words {
            return (words >= FEWEST_WORDS).then_some("en");
        }
        let most = others.iter().max()?;
        let far_below = |count: &&u32| (*most - **count) * 8 >= words;
        let alone = others.iter().filter(far_below).count() + 1 == others.len();
        let at = others.iter().position(|count| count == most)?;
        (most * 6 >= words && alone && at >= CLOSE).then_some(OTHERS.get(at)?.0)
    }

    /// Whether a text goes on in a language that the rest of it told: it has more small words of that one
    /// than of any other, though fewer than would tell it alone.
    pub fn go_on_in(&self, language: &str) -> bool {
        let names = std::iter::once("en").chain(OTHERS.map(|(name, _)| name));
        let counts = || names.clone().zip(self.counts);
        let own = counts().find(|(name, _)| *name == language).map_or(0, |(_, count)| count);
        let most = counts().filter(|(name, _)| *name != language).map(|(_, count)| count).max();
        self.words >= FEWEST_WORDS
            && own * 10 >= self.words
            && own.saturating_sub(most.unwrap_or_default()) * 20 >= self.words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: Option<&str>) {
        assert_eq!(SmallWords::of(text).language(), want, "{text}");
    }

    #[test]
    fn many_small_words_of_one_language_tell_it() {
        for (text, want) in [
            (
                "Wir suchen eine Köchin, die gerne mit Menschen arbeitet und keine Angst vor großen \
                 Töpfen hat. Wir bieten eine Stelle in einem kleinen Haus an der Küste, freie Tage.",
                "de",
            ),
            (
                "Buscamos una cocinera a la que le guste trabajar con personas y no tenga miedo de las \
                 ollas grandes. Ofrecemos un puesto en una casa pequeña junto al mar, con los fines de \
                 semana libres y un buen sueldo.",
                "es",
            ),
            (
                "Nous cherchons une cuisinière qui aime travailler avec les gens et n’a pas peur des \
                 grandes casseroles. Nous offrons un poste dans une petite maison sur la côte, des \
                 week-ends libres et un bon salaire.",
                "fr",
            ),
            (
                "Cerchiamo una cuoca che ami lavorare con le persone e non abbia paura delle grandi \
                 pentole. Offriamo un posto in una piccola casa sul mare, i fine settimana liberi e \
                 una buona paga per chi vuole restare.",
                "it",
            ),
            (
                "Wij zoeken een kok die graag met mensen werkt en niet bang is voor grote pannen. We \
                 bieden een baan in een klein huis aan de kust, vrije weekenden en een goed salaris \
                 voor wie wil blijven.",
                "nl",
            ),
            (
                "Procuramos uma cozinheira que goste de trabalhar com pessoas e não tenha medo de \
                 panelas grandes. Oferecemos um lugar numa casa pequena junto ao mar, com os fins de \
                 semana livres e um bom salário para quem ficar.",
                "pt",
            ),
            (
                "Szukamy kucharki, która lubi pracować z ludźmi i nie boi się dużych garnków. Oferujemy \
                 pracę w małym domu nad morzem, wolne weekendy i dobrą płacę dla tych, którzy są z nami \
                 na dłużej.",
                "pl",
            ),
            (
                "We are looking for a cook who likes to work with people and is not afraid of large \
                 pots. We offer a job in a small house by the sea, free weekends and good pay.",
                "en",
            ),
        ] {
            check(text, Some(want));
        }
    }

    #[test]
    fn few_words_and_languages_that_are_close_do_not() {
        check("Wir suchen eine Köchin für unser Haus an der Küste.", None);
        check(&"Rust, Python, Kubernetes, Docker, Terraform, AWS, Azure, Redis. ".repeat(5), None);
        // Catalan, Afrikaans and Galician, each between others.
        check(
            "Busquem una cuinera a qui agradi treballar amb la gent i no tingui por de les olles grans. \
                 Oferim una feina en una casa petita vora el mar, amb els caps de setmana lliures.",
            None,
        );
        check(
            "Ons soek ’n kok wat graag met mense werk en nie bang is vir groot potte nie. Ons bied ’n \
                 werk in ’n klein huis aan die kus, vry naweke en ’n goeie salaris vir wie wil bly.",
            None,
        );
        check(
            "Buscamos unha cociñeira á que lle guste traballar coa xente e non teña medo das potas \
             grandes. Ofrecemos un posto nunha casa pequena onda o mar, coas fins de semana libres.",
            None,
        );
        check(
            "Hledáme kuchařku, která ráda pracuje s lidmi a nebojí se velkých hrnců. Nabízíme práci v \
             malém domě u moře, volné víkendy a dobrý plat pro ty, kteří u nás zůstanou déle.",
            None,
        );
        check(
            "Tražimo kuharicu koja voli raditi s ljudima i ne boji se velikih lonaca. Nudimo posao u maloj \
             kući uz more, slobodne vikende i dobru plaću za one koji ostanu s nama.",
            None,
        );
        check(
            "Vi söker en kock som gillar att arbeta med människor och inte är rädd för stora grytor. Vi \
             erbjuder ett jobb i ett litet hus vid kusten, lediga helger och en bra lön till den som \
             stannar.",
            None,
        );
    }

    #[test]
    fn a_text_goes_on_in_its_language_where_no_other_has_as_many_words() {
        let list = "Tes missions : concevoir des écrans, relier les clients, surveiller la production, \
                    documenter, automatiser, accompagner une équipe, écrire, tester, livrer, mesurer, \
                    comprendre, réparer, proposer, dessiner, maquettes, prototypes.";
        let words = SmallWords::of(list);
        assert_eq!(words.language(), None);
        assert!(words.go_on_in("fr"));
        for other in ["en", "es", "ca", "de", "sv"] {
            assert!(!words.go_on_in(other), "{other}");
        }
        assert!(!SmallWords::of("Rust, Python, Kubernetes. ".repeat(20).as_str()).go_on_in("en"));
    }
}
