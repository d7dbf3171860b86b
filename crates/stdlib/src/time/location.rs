//! Locations: time zones with a name, as scripts hold them.
//!
//! The data of named zones is built in; only `Local` looks at the system. Invariant: a location is immutable and shared.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use wippy_vm::{Context, HostObject, Library, Outcome, Result, UserData, library};

use crate::class::Class;
use crate::os::zone::{Offset, Zone};

/// A time zone.
#[derive(Debug)]
pub struct Location {
    name: String,
    zone: Zone,
}

impl HostObject for Location {
    fn depart(self: Arc<Self>) -> Option<Arc<dyn HostObject>> {
        Some(self)
    }

    fn report(&self) -> Option<Cow<'_, [u8]>> {
        Some(self.name.as_bytes().into())
    }

    fn arrive<'gc>(self: Arc<Self>, cx: &mut Context<'gc>) -> Result<UserData<'gc>> {
        CLASS.object(cx, self)
    }
}

/// The class of locations.
pub(super) static CLASS: Class = Class { methods: &METHODS, metamethods: &METAMETHODS };

/// The methods of locations.
pub(super) static METHODS: Library = library!(
    "location",
    [
        /// The name of the zone.
        ("string", string, "(self: Location) -> string")
    ]
);

static METAMETHODS: Library = library!("location", [("__tostring", string, "(self: Location) -> string")]);

fn string(cx: &mut Context<'_>) -> Result<Outcome> {
    let name = cx.string(CLASS.this::<Location>(cx)?.name.as_bytes())?;
    Ok(cx.returns(name))
}

impl Location {
    /// Universal time.
    pub fn utc() -> Arc<Location> {
        static UTC: OnceLock<Arc<Location>> = OnceLock::new();
        Arc::clone(
            UTC.get_or_init(|| Arc::new(Location { name: "UTC".to_owned(), zone: Zone::universal("UTC") })),
        )
    }

    /// The zone that the environment named when it was first asked for.
    pub fn local() -> Arc<Location> {
        static LOCAL: OnceLock<Arc<Location>> = OnceLock::new();
        Arc::clone(LOCAL.get_or_init(|| Arc::new(Location { name: "Local".to_owned(), zone: Zone::local() })))
    }

    /// A zone with one offset, in seconds east of Greenwich.
    pub fn fixed(name: &str, seconds: i64) -> Arc<Location> {
        let offset = Offset { seconds, is_saving: false, name: name.to_owned() };
        Arc::new(Location { name: name.to_owned(), zone: Zone::fixed(offset) })
    }

    /// The zone of an IANA name, `UTC` or `Local`; `None` if there is none.
    pub fn named(name: &str) -> Option<Arc<Location>> {
        match name {
            "UTC" => Some(Location::utc()),
            "Local" => Some(Location::local()),
            _ => Some(Arc::new(Location { name: name.to_owned(), zone: Zone::named(name)? })),
        }
    }

    /// Its name: `UTC`, `Local`, an IANA name, or that of a fixed zone.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is valid there at a moment in seconds since 1970.
    pub(super) fn at(&self, seconds: i64) -> &Offset {
        self.zone.at(seconds)
    }

    /// The moment that a local time stands for.
    pub(super) fn moment(&self, local: i64) -> i64 {
        self.zone.moment(local, None)
    }

    /// The offset that an abbreviation means there at a local time.
    pub(super) fn abbreviated(&self, name: &str, local: i64) -> Option<i64> {
        let moment = self.moment(local);
        let around = [moment, moment.saturating_sub(183 * 86_400), moment.saturating_add(183 * 86_400)];
        around.into_iter().map(|moment| self.at(moment)).find(|offset| offset.name == name).map(|o| o.seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zone_data_is_built_in() {
        let york = Location::named("America/New_York").expect("a zone");
        assert_eq!((york.at(0).seconds, york.at(0).name.as_str()), (-5 * 3600, "EST"));
        assert_eq!(york.at(1_720_000_000).name, "EDT");
        // Far beyond the table: by its rule.
        assert_eq!(york.at(4_118_000_000).name, "EDT");
        assert!(Location::named("No/Where").is_none() && Location::named("america/new_york").is_none());
        assert!(Location::named("../etc/passwd").is_none());
    }

    #[test]
    fn abbreviations_are_those_of_the_year() {
        let york = Location::named("America/New_York").expect("a zone");
        assert_eq!(york.abbreviated("EST", 1_720_000_000), Some(-5 * 3600));
        assert_eq!(york.abbreviated("XYZ", 1_720_000_000), None);
    }
}
