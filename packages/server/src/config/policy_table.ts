/** The `[policy]` table of the configuration file: members that replace those of the default. */
import {
  defaultPolicyTable,
  fail,
  type JsonObject,
  type JsonValue,
  nearestName,
  type Outcome,
  ok,
  type PolicyTable,
  validateContent,
} from '@stemedb/model';

const invalid = (detail: string): Outcome<never> => fail({ code: 'invalid_configuration', detail });

/** Checks the table by the very rules that a policy record meets. */
export const readPolicyTable = (stated: JsonObject): Outcome<PolicyTable> => {
  const known = Object.keys(defaultPolicyTable);
  for (const name of Object.keys(stated)) {
    if (known.includes(name)) continue;
    const near = nearestName(name, known);
    const hint = near === undefined ? `known are ${known.join(', ')}` : `did you mean "${near}"?`;
    return invalid(`[policy] has no setting "${name}"; ${hint}`);
  }
  const table: JsonObject = {
    ...(defaultPolicyTable as unknown as JsonObject),
    ...stated,
  };
  const author = { kind: 'policy', v: 1, agent_id: '0'.repeat(64), asserted_at: 0 };
  const checked = validateContent({ ...table, ...author });
  if (!checked.ok) {
    const fault = checked.error.faults?.[0];
    return invalid(`[policy] ${fault?.pointer ?? ''}: ${fault?.detail ?? checked.error.detail}`);
  }
  const names = new Set((table.classes as readonly { readonly name: string }[]).map(nameOf));
  const used = [
    ...Object.entries(table.schemes as Record<string, string>).map(
      ([scheme, name]) => [`schemes.${scheme}`, name] as const,
    ),
    ...(table.grants as readonly { readonly class: string }[]).map(
      (grant, at) => [`grants[${at}].class`, grant.class] as const,
    ),
  ];
  const stray = used.find(([, name]) => !names.has(name));
  if (stray !== undefined) {
    return invalid(`[policy] ${stray[0]} names the class "${stray[1]}", which is not in classes`);
  }
  return ok(table as unknown as PolicyTable);
};

const nameOf = (entry: { readonly name: string }): string => entry.name;

/** TOML values as JSON; dates become their text. */
export const jsonOfToml = (value: unknown): JsonValue => {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(jsonOfToml);
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [name, jsonOfToml(member)]),
    );
  }
  return value as JsonValue;
};
