//! The details of an error: plain data that has left its heap.
//!
//! Tables are kept side by side and refer to each other by number, so that shared and cyclic ones survive and nothing
//! recurses. Functions, coroutines and host objects become their text. Not a message format: nothing is read from
//! outside here.

use wippy_vm::{Context, Result, Table, Value};

/// A copy of a table with everything that it leads to.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Details {
    tables: Vec<Vec<(Item, Item)>>,
}

/// A value in [`Details`].
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// `true` or `false`
    Boolean(bool),
    /// An integer.
    Integer(i64),
    /// A float.
    Float(f64),
    /// A string, or the text of what is no plain data.
    Text(Box<[u8]>),
    /// The table of this number.
    Table(usize),
}

impl From<&str> for Item {
    fn from(text: &str) -> Item {
        Item::Text(text.as_bytes().into())
    }
}

impl From<i64> for Item {
    fn from(integer: i64) -> Item {
        Item::Integer(integer)
    }
}

impl Details {
    /// Details of named facts.
    pub fn of<const N: usize>(facts: [(&str, Item); N]) -> Details {
        Details { tables: vec![facts.into_iter().map(|(name, item)| (name.into(), item)).collect()] }
    }

    /// Details of as many named facts as there are.
    pub fn facts(facts: Vec<(&'static str, Item)>) -> Details {
        Details { tables: vec![facts.into_iter().map(|(name, item)| (name.into(), item)).collect()] }
    }

    /// A list of tables of named facts, under one name.
    pub fn list(name: &str, items: Vec<Vec<(&'static str, Item)>>) -> Details {
        let mut tables = vec![vec![(name.into(), Item::Table(1))], Vec::new()];
        for (index, facts) in (1i64..).zip(items) {
            let at = tables.len();
            tables[1].push((index.into(), Item::Table(at)));
            tables.push(facts.into_iter().map(|(name, item)| (name.into(), item)).collect());
        }
        Details { tables }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.tables.first().is_none_or(Vec::is_empty)
    }

    /// Copies a table out of its heap.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    pub fn copy<'gc>(cx: &mut Context<'gc>, table: Table<'gc>) -> Result<Details> {
        let mut copying = Copying { seen: cx.table(0, 8)?, queue: Vec::new() };
        copying.number(cx, table)?;
        let mut tables = Vec::new();
        while let Some(&table) = copying.queue.get(tables.len()) {
            let mut entries = Vec::new();
            let mut key = Value::Nil;
            // The keys come from the table itself, and nothing changes it meanwhile.
            while let Ok(Some((next, value))) = table.next(key) {
                entries.push((copying.item(cx, next)?, copying.item(cx, value)?));
                key = next;
            }
            cx.check_room(entries.len() * size_of::<(Item, Item)>())?;
            tables.push(entries);
        }
        Ok(Details { tables })
    }

    /// Builds the table in a heap.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    pub fn build<'gc>(&self, cx: &mut Context<'gc>) -> Result<Table<'gc>> {
        let mut made = Vec::with_capacity(self.tables.len());
        for entries in &self.tables {
            let items = entries.iter().filter(|(key, _)| matches!(key, Item::Integer(_))).count();
            made.push(cx.table(items, entries.len() - items)?);
        }
        for (entries, &table) in self.tables.iter().zip(&made) {
            for (key, value) in entries {
                let (key, value) = (value_of(cx, key, &made)?, value_of(cx, value, &made)?);
                cx.raw_set(table, key, value)?;
            }
        }
        match made.first() {
            Some(&table) => Ok(table),
            None => cx.table(0, 0),
        }
    }
}

fn value_of<'gc>(cx: &mut Context<'gc>, item: &Item, tables: &[Table<'gc>]) -> Result<Value<'gc>> {
    Ok(match item {
        Item::Boolean(boolean) => Value::Boolean(*boolean),
        Item::Integer(integer) => Value::Integer(*integer),
        Item::Float(float) => Value::Float(*float),
        Item::Text(text) => cx.string(text)?.into(),
        Item::Table(number) => tables.get(*number).map_or(Value::Nil, |&table| table.into()),
    })
}

/// The tables that were met, in the order of their numbers, and the number of each.
struct Copying<'gc> {
    seen: Table<'gc>,
    queue: Vec<Table<'gc>>,
}

impl<'gc> Copying<'gc> {
    fn number(&mut self, cx: &mut Context<'gc>, table: Table<'gc>) -> Result<usize> {
        if let Value::Integer(number) = self.seen.get(table.into()) {
            return Ok(number as usize);
        }
        let number = self.queue.len();
        cx.raw_set(self.seen, table, number as i64)?;
        self.queue.push(table);
        Ok(number)
    }

    fn item(&mut self, cx: &mut Context<'gc>, value: Value<'gc>) -> Result<Item> {
        Ok(match value {
            Value::Boolean(boolean) => Item::Boolean(boolean),
            Value::Integer(integer) => Item::Integer(integer),
            Value::Float(float) => Item::Float(float),
            Value::String(text) => Item::Text(text.as_bytes().into()),
            Value::Table(table) => Item::Table(self.number(cx, table)?),
            other => Item::Text(match other.host_object().and_then(|object| object.text()) {
                Some(text) => text.into(),
                None => {
                    let name = cx.type_name(other);
                    format!("{name}: {:#x}", other.address().unwrap_or(0)).into_bytes().into()
                }
            }),
        })
    }
}
