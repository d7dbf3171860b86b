//! A route's handler: it calls the function of an endpoint and answers with what comes of it.
//!
//! Invariant: every request is answered, also one whose call vanishes without a result.

use std::sync::Arc;

use wippy_http::{Ending, Exchange, Handler};
use wippy_runtime::Values;
use wippy_stdlib::errors::{ErrorValue, Kind};
use wippy_vm::Packed;

use super::Owner;
use crate::id::Id;
use crate::log::{Level, Line};
use crate::runtime::App;
use crate::runtime::functions::{self, Call, CallResult};
use crate::value::{Map, Value};

/// See the module.
pub(super) struct Endpoint {
    pub(super) owner: Owner,
    /// The entry.
    pub(super) id: Id,
    pub(super) function: Id,
    /// The `lifecycle` of the server: who requests act as.
    pub(super) lifecycle: Option<Arc<Value>>,
    /// The namespace of the server.
    pub(super) namespace: Arc<str>,
}

impl Handler for Endpoint {
    fn handle(&self, exchange: Arc<Exchange>) {
        let Some(app) = self.owner.get().and_then(std::sync::Weak::upgrade) else {
            exchange.finish(Ending::Failed(b"the application has ended".to_vec()));
            return;
        };
        let duty = Duty { app: Arc::clone(&app), id: self.id.clone(), exchange: Arc::clone(&exchange) };
        let edition = match functions::find(&app, self.function.as_str()) {
            Ok(edition) => edition,
            Err(error) => return duty.answer(Err(error.in_context(self.function.to_string()))),
        };
        let values = match &self.lifecycle {
            Some(lifecycle) => Arc::new(app.policies().of_service(Some(lifecycle), &self.namespace)),
            None => Values::default(),
        };
        let call = Call::answering(app, edition, Arc::clone(&exchange), values);
        call.on_result(Box::new(move |result| duty.answer(result)));
        let weak = Arc::downgrade(&call);
        exchange.on_gone(Box::new(move || {
            if let Some(call) = weak.upgrade() {
                call.cancel();
            }
        }));
        functions::submit(&call);
    }
}

/// The duty to answer a request.
struct Duty {
    app: Arc<App>,
    id: Id,
    exchange: Arc<Exchange>,
}

impl Duty {
    fn answer(self, result: CallResult) {
        let complaint = match result {
            Ok(parcel) => {
                // A value that is an answer has become text in the interpreter.
                let json = match parcel.first() {
                    Packed::Text(text) => Some(text.to_vec()),
                    _ => None,
                };
                self.exchange.finish(Ending::Returned(json)).map(str::to_owned)
            }
            Err(error) => {
                let text = error.full_text();
                let complaint = String::from_utf8_lossy(&text).into_owned();
                self.exchange.finish(Ending::Failed(text));
                Some(complaint)
            }
        };
        if let Some(error) = complaint {
            self.complain(error);
        }
    }

    fn complain(&self, error: String) {
        let request = self.exchange.request();
        let mut fields = Map::new();
        fields.insert("error".into(), Value::text(error));
        fields.insert("method".into(), Value::text(request.method.as_str()));
        fields.insert("path".into(), Value::text(String::from_utf8_lossy(&request.path)));
        self.app.log.write(&Line {
            level: Level::Error,
            name: self.id.to_string(),
            message: "request failed".to_owned(),
            fields,
        });
    }
}

impl Drop for Duty {
    fn drop(&mut self) {
        // Without effect when it has been done.
        let canceled = ErrorValue::new(Kind::CANCELED, "the call was canceled");
        self.exchange.finish(Ending::Failed(canceled.full_text()));
    }
}
