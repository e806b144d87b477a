//! Values as JSON: whole rows for the JSON formats, and lists, structs and maps inside a cell of
//! the others.
//!
//! Arrow's JSON encoder does the work, with nulls written out and timestamps as RFC 3339 in UTC at
//! every depth. NaN and the infinities, for which JSON has no form, become `null`.

use std::sync::{Arc, LazyLock};

use arrow::array::Array;
use arrow::datatypes::{DataType, Field, FieldRef};
use arrow::error::ArrowError;
use arrow::json::writer::{NullableEncoder, make_encoder};
use arrow::json::{Encoder, EncoderFactory, EncoderOptions};

use super::instant::Instants;

static OPTIONS: LazyLock<EncoderOptions> = LazyLock::new(|| {
    EncoderOptions::default().with_explicit_nulls(true).with_encoder_factory(Arc::new(UtcInstants))
});

/// The encoder asks for the field of its array only to hand it to the factory, which ignores it.
static FIELD: LazyLock<FieldRef> =
    LazyLock::new(|| Arc::new(Field::new("value", DataType::Null, true)));

/// Returns an encoder that appends the JSON of `array`'s values that are not null.
///
/// Fails on a type without a JSON form, such as a union or a map with keys other than strings.
pub(super) fn encoder(array: &dyn Array) -> Result<NullableEncoder<'_>, ArrowError> {
    make_encoder(&FIELD, array, &OPTIONS)
}

/// Puts [`InstantEncoder`] in the place of Arrow's encoder for timestamps.
#[derive(Debug)]
struct UtcInstants;

impl EncoderFactory for UtcInstants {
    fn make_default_encoder<'a>(
        &self,
        _field: &'a FieldRef,
        array: &'a dyn Array,
        _options: &'a EncoderOptions,
    ) -> Result<Option<NullableEncoder<'a>>, ArrowError> {
        Ok(Instants::of(array).map(|instants| {
            let encoder = InstantEncoder { instants, text: String::new() };
            NullableEncoder::new(Box::new(encoder), array.nulls().cloned())
        }))
    }
}

struct InstantEncoder {
    instants: Instants,
    text: String,
}

impl Encoder for InstantEncoder {
    fn encode(&mut self, row_idx: usize, out: &mut Vec<u8>) {
        self.text.clear();
        self.instants.write_rfc3339(row_idx, &mut self.text);
        out.push(b'"');
        out.extend_from_slice(self.text.as_bytes());
        out.push(b'"');
    }
}
