//! Standard output and error. A reader that went away (`| head`) ends the command quietly.

use std::io::{self, Write};

/// Writes one line of a result to standard output.
pub fn line(line: &str) -> anyhow::Result<()> {
    match writeln!(io::stdout(), "{line}") {
        // SIGPIPE is ignored by Rust programs; this is what it would have done.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        written => Ok(written?),
    }
}

/// One message for the person at the terminal.
pub fn complain(message: &str) {
    // Strangers' words may be among them, and a terminal obeys control characters.
    let message: String = message.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
    // Nobody is left to be told when standard error is gone too.
    writeln!(io::stderr(), "earlybrd: {message}").ok();
}
