//! Web servers of an application: entries turned into servers and routes, requests into calls of functions.
//!
//! `plan` reads entries, `endpoint` answers a request with a call, `module` is what programs see of it. Invariant: what a
//! server serves belongs to one version of the registry and is replaced as a whole with it.

mod current;
mod endpoint;
mod module;
mod plan;

use std::collections::BTreeMap;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use wippy_http::{Event, Server, Site};

use crate::env::Environment;
use crate::id::Id;
use crate::lifecycle::Ending;
use crate::log::Level;
use crate::problem::{Code, Problem};
use crate::registry::Entries;
use crate::runtime::App;
use crate::runtime::order::Order;

pub(crate) use current::{Guest, enter, leave, wants_value};
pub(crate) use module::MODULE;
pub(crate) use plan::{Plan, check};

/// How long requests in work may go on when a server stops.
const DRAIN: Duration = Duration::from_secs(30);

/// The application that requests call into, known once it runs.
type Owner = Arc<OnceLock<Weak<App>>>;

/// See the module.
#[derive(Default)]
pub(crate) struct Servers {
    owner: Owner,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sites: BTreeMap<Id, Arc<Site>>,
    running: BTreeMap<Id, Running>,
    layers: plan::Known,
}

struct Running {
    run: u64,
    address: String,
    server: Server,
}

impl Servers {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whose servers they are.
    pub(crate) fn belong_to(&self, app: &Arc<App>) {
        let _ = self.owner.set(Arc::downgrade(app));
    }

    /// What would be served in a state of the registry.
    ///
    /// # Errors
    /// Why that cannot be.
    pub(crate) fn plan(&self, entries: &Entries, environment: &Environment) -> Result<Plan, Vec<Problem>> {
        let state = self.state();
        let plan = plan::of(entries, environment, &self.owner, &state.layers)?;
        for (id, service) in &plan.services {
            if let (Some(running), Some(address)) = (state.running.get(id), &service.address)
                && running.address != *address
            {
                let message = format!("cannot change server address while running ({id})");
                let place = entries.get(id).and_then(|entry| entry.origin.value_place("data.addr"));
                return Err(vec![Problem::error(Code::Conflict, message).entry(id).at(place)]);
            }
        }
        Ok(plan)
    }

    /// Serves a plan from now on.
    pub(crate) fn install(&self, plan: Plan) {
        let mut state = self.state();
        let State { sites, layers, .. } = &mut *state;
        sites.retain(|id, _| plan.services.contains_key(id));
        for (id, service) in plan.services {
            sites.entry(id).or_default().replace(service.service);
        }
        *layers = plan.layers;
    }

    /// Starts a server; that it listens, and how it ends, is told to `sender`.
    ///
    /// # Errors
    /// How its run has ended already.
    pub(crate) fn start(
        &self,
        app: &Arc<App>,
        sender: &Sender<Order>,
        id: &Id,
        run: u64,
        address: &str,
    ) -> Result<(), Ending> {
        let (weak, own, sender) = (Arc::downgrade(app), id.clone(), sender.clone());
        let hear = move |event| {
            let order = match event {
                Event::Listening(address) => {
                    if let Some(app) = weak.upgrade() {
                        app.log.say(Level::Info, own.as_str(), format!("service listening on {address}"));
                    }
                    Order::Started(own.clone(), run, None)
                }
                Event::Ended(why) => {
                    if let Some(app) = weak.upgrade() {
                        app.http.ended(&own, run);
                    }
                    Order::Ended(own.clone(), run, why.map_or(Ending::Normal, Ending::Failed))
                }
            };
            // Nobody listens when everything is ending.
            let _ = sender.send(order);
        };
        let mut state = self.state();
        let site = Arc::clone(state.sites.entry(id.clone()).or_default());
        match Server::start(address.to_owned(), site, Box::new(hear)) {
            Ok(server) => {
                let running = Running { run, address: address.to_owned(), server };
                let before = state.running.insert(id.clone(), running);
                drop(state);
                drop(before);
                Ok(())
            }
            Err(error) => Err(Ending::Failed(error.to_string())),
        }
    }

    fn ended(&self, id: &Id, run: u64) {
        let mut state = self.state();
        let ended = state.running.get(id).is_some_and(|running| running.run == run);
        let gone = if ended { state.running.remove(id) } else { None };
        drop(state);
        drop(gone);
    }

    /// Whether a server runs.
    pub(crate) fn runs(&self, id: &Id) -> bool {
        self.state().running.contains_key(id)
    }

    /// Asks a server to stop; false if this run is none of a server.
    pub(crate) fn stop(&self, id: &Id, run: u64) -> bool {
        let state = self.state();
        let found = state.running.get(id).filter(|running| running.run == run);
        if let Some(running) = found {
            running.server.stop(DRAIN);
        }
        found.is_some()
    }

    /// Ends a server now.
    pub(crate) fn kill(&self, id: &Id, run: u64) {
        if self.stop(id, run) {
            self.ended(id, run);
        }
    }

    /// Ends all of them now.
    pub(crate) fn close(&self) {
        let all = std::mem::take(&mut self.state().running);
        drop(all);
    }
}
