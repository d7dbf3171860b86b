//! Faults of our own: a panic becomes a short message that asks for a report, and exit code 70.
//!
//! Errors of Lua programs never come here. What panics in a process of the scheduler is reported and ends that process
//! alone; its monitors and links hear of it. Any other panic ends the program whatever thread it was on, so nothing goes
//! on with half-changed state.

use std::backtrace::Backtrace;
use std::panic::PanicHookInfo;

use crate::exit::Exit;
use crate::{output, processes, version};

/// Where reports go.
const REPORTS: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/issues");

/// Makes every panic ask for a report, and end the program unless it harms one process only.
pub(crate) fn install() {
    std::panic::set_hook(Box::new(|info| {
        let backtrace = std::env::var_os("WIPPY_BACKTRACE")
            .is_some_and(|value| !value.is_empty() && value != "0")
            .then(|| Backtrace::force_capture().to_string());
        let text = report(&facts(info), backtrace.as_deref());
        // Nothing is left to do if the message cannot be written.
        let _ = output::complain(text.as_bytes());
        if processes::contain_panics() {
            return;
        }
        std::process::exit(i32::from(Exit::INTERNAL.0));
    }));
}

/// The panic's message and place.
fn facts(info: &PanicHookInfo<'_>) -> String {
    let payload = info.payload();
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("unknown failure");
    match info.location() {
        Some(place) => format!("{message} ({}:{})", place.file(), place.line()),
        None => message.to_owned(),
    }
}

fn report(facts: &str, backtrace: Option<&str>) -> String {
    let mut text = format!(
        "error: internal failure: {facts}\n  = note: this is a fault of wippy {}, not of your program; \
         please report it with the program at\n          {REPORTS}\n",
        version::NUMBER
    );
    match backtrace {
        Some(backtrace) => {
            text.push_str("  = note: backtrace\n");
            text.push_str(backtrace);
        }
        None => {
            text.push_str("  = help: run again with WIPPY_BACKTRACE=1 to add a backtrace to the report\n")
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_the_fault_and_the_address() {
        let text = report("index out of range (x.rs:1)", None);
        assert!(text.starts_with("error: internal failure: index out of range (x.rs:1)\n"));
        assert!(text.contains(REPORTS) && text.contains("WIPPY_BACKTRACE=1"));
        assert!(report("x", Some("0: main\n")).ends_with("0: main\n"));
    }
}
