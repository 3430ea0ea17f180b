//! The subset of JSON Schema (draft 2020-12) that `static/weights.schema.json` uses. An unknown keyword
//! is an error, so that no constraint of the schema goes untested.

use serde_json::Value;

/// Validates `value` against `schema`; the error names the place.
pub fn check(schema: &Value, value: &Value) -> Result<(), String> {
    at(schema, schema, value, "$")
}

fn at(root: &Value, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    let fault = |what: String| Err(format!("{place}: {what}"));
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for (keyword, rule) in schema.as_object().expect("a schema is an object") {
        match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" | "additionalProperties" => {}
            "$ref" => {
                let pointer = rule
                    .as_str()
                    .and_then(|rule| rule.strip_prefix('#'))
                    .expect("a reference into the file");
                at(root, root.pointer(pointer).expect("a definition"), value, place)?;
            }
            "type" => {
                let fits = match rule.as_str().expect("one type") {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "number" => value.is_number(),
                    "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
                    other => panic!("unknown type {other}"),
                };
                if !fits {
                    return fault(format!("not of type {rule}"));
                }
            }
            "const" if value != rule => return fault(format!("not {rule}")),
            "const" => {}
            "minimum" if value.as_f64() < rule.as_f64() => return fault(format!("below {rule}")),
            "minimum" => {}
            "minLength"
                if value.as_str().map_or(0, |text| text.chars().count() as u64)
                    < rule.as_u64().unwrap_or(0) =>
            {
                return fault(format!("shorter than {rule}"));
            }
            "minLength" => {}
            "minItems" if list(value).len() < rule.as_u64().unwrap_or(0) as usize => {
                return fault("too few".into());
            }
            "maxItems" if list(value).len() > rule.as_u64().unwrap_or(0) as usize => {
                return fault("too many".into());
            }
            "minItems" | "maxItems" => {}
            "required" => {
                if let Some(name) = list(rule)
                    .iter()
                    .find(|name| value.get(name.as_str().unwrap_or("")).is_none())
                {
                    return fault(format!("no member {name}"));
                }
            }
            "properties" => {
                for (name, member) in value.as_object().into_iter().flatten() {
                    let place = format!("{place}.{name}");
                    match rule.get(name) {
                        Some(rule) => at(root, rule, member, &place)?,
                        None if schema.get("additionalProperties") == Some(&Value::Bool(false)) => {
                            return Err(format!("{place}: not allowed"));
                        }
                        None => {}
                    }
                }
            }
            "items" => {
                for (index, item) in list(value).iter().enumerate() {
                    at(root, rule, item, &format!("{place}[{index}]"))?;
                }
            }
            "oneOf" => {
                let n_fitting = list(rule)
                    .iter()
                    .filter(|rule| at(root, rule, value, place).is_ok())
                    .count();
                if n_fitting != 1 {
                    return fault(format!("{n_fitting} of the alternatives fit instead of one"));
                }
            }
            other => panic!("the keyword {other} is not tested"),
        }
    }
    Ok(())
}
