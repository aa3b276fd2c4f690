"""A validator of the JSON Schemas that the OpenAPI components of errors use."""

TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool}


def violations(value, schema, components, path="$"):
    """Return what is wrong with a value by a schema, each with its place."""
    if "$ref" in schema:
        _, _, kind, name = schema["$ref"].split("/")
        return violations(value, components[kind][name], components, path)
    found = [f"{path}: none of anyOf"] if "anyOf" in schema and not matching("anyOf", value, schema, components) else []
    if "oneOf" in schema and matching("oneOf", value, schema, components) != 1:
        found.append(f"{path}: {matching('oneOf', value, schema, components)} of oneOf")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{path}: {value!r} is not in the enum")
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if value is None:
        is_nullable = schema.get("nullable") or "null" in types or not types
        return found if is_nullable else [*found, f"{path}: null"]
    if types and not any(isinstance(value, TYPES[name]) for name in types if name != "null"):
        return [*found, f"{path}: {value!r} is no {types}"]
    if isinstance(value, dict):
        found += [f"{path}.{name} is missing" for name in schema.get("required", []) if name not in value]
        for name, inner in value.items():
            known = schema.get("properties", {}).get(name)
            known = schema.get("additionalProperties") if known is None else known
            if known is not None:
                found += violations(inner, known, components, f"{path}.{name}")
            elif types:
                found.append(f"{path}.{name} is not described")
    if isinstance(value, list):
        found += [
            each for inner in value for each in violations(inner, schema.get("items", {}), components, f"{path}[]")
        ]
    return found


def matching(kind, value, schema, components):
    return sum(not violations(value, option, components) for option in schema[kind])
