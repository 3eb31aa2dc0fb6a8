/**
 * Envoy's configuration against its published protobuf definitions: names, types, enums, choices,
 * extensions by their `@type`, and what the definitions require. The reading of JSON is that of
 * protobuf (https://protobuf.dev/programming-guides/json/), as far as configurations use it.
 */

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import protobuf from 'protobufjs';

const folderOf = (name: string): string =>
  dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));

/** Envoy's definitions and those that they import. */
const folders = [
  ...['envoy-api', 'xds', 'googleapis', 'protoc-gen-validate'].map((name) =>
    join(folderOf('@grpc/grpc-js-xds'), 'deps', name),
  ),
  folderOf('protobufjs'),
];

/** Files of extensions, which nothing else imports. */
const fileOf = (type: string): string => {
  const parts = type.split('.');
  const name = parts.pop() ?? '';
  const words = name.replaceAll(/([a-z])([A-Z])/g, '$1_$2').toLowerCase();
  return `${parts.join('/')}/${filesOfTypes.get(name) ?? words}.proto`;
};

/** Types whose file has another name than they. */
const filesOfTypes: ReadonlyMap<string, string> = new Map([
  ['DownstreamTlsContext', 'tls'],
  ['StdoutAccessLog', 'stream'],
  ['PreviousHostsPredicate', 'previous_hosts'],
]);

/** Messages that JSON writes as a plain value. */
const plainMessages: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ['Duration', (value) => typeof value === 'string' && /^\d+(\.\d{1,9})?s$/.test(value)],
  ['BoolValue', (value) => typeof value === 'boolean'],
  ['UInt32Value', (value) => Number.isInteger(value) && Number(value) >= 0],
  ['UInt64Value', (value) => Number.isInteger(value) && Number(value) >= 0],
  ['Struct', (value) => typeof value === 'object'],
]);

const isPlainOf: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  bytes: (value) => typeof value === 'string',
  bool: (value) => typeof value === 'boolean',
  double: (value) => typeof value === 'number',
  float: (value) => typeof value === 'number',
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const loadRoot = async (): Promise<protobuf.Root> => {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => {
    const found = folders.map((folder) => join(folder, target)).find(existsSync);
    return found ?? target;
  };
  return root.load('envoy/config/bootstrap/v3/bootstrap.proto', { keepCase: true });
};

/** A rule of the definitions, such as `message.required`; undefined when there is none. */
const ruleOf = (field: protobuf.Field, name: string): unknown =>
  field.options?.[`(validate.rules).${name}`];

class Checker {
  readonly #root: protobuf.Root;
  readonly faults: string[] = [];

  constructor(root: protobuf.Root) {
    this.#root = root;
  }

  async message(type: protobuf.Type, value: unknown, at: string): Promise<void> {
    const isPlain = plainMessages.get(type.name);
    if (isPlain !== undefined && type.fullName.startsWith('.google.protobuf.')) {
      if (!isPlain(value)) this.#fault(at, `is no ${type.name}`);
    } else if (type.fullName === '.google.protobuf.Any') await this.#extension(value, at);
    else if (isObject(value)) await this.#fields(type, value, at);
    else this.#fault(at, `is no ${type.fullName}`);
  }

  /** A message whose type stands in it. */
  async #extension(value: unknown, at: string): Promise<void> {
    if (!isObject(value) || typeof value['@type'] !== 'string') {
      this.#fault(at, 'has no "@type"');
      return;
    }
    const { '@type': url, ...fields } = value;
    const name = String(url).replace(/^type\.googleapis\.com\//, '');
    try {
      await this.#root.load(fileOf(name), { keepCase: true });
      await this.message(this.#root.lookupType(name), fields, at);
    } catch (cause) {
      this.#fault(at, `has an unknown type ${name} (${cause})`);
    }
  }

  async #fields(
    type: protobuf.Type,
    value: Readonly<Record<string, unknown>>,
    at: string,
  ): Promise<void> {
    for (const [name, inner] of Object.entries(value)) {
      const field = type.fields[name]?.resolve();
      if (field === undefined) this.#fault(`${at}.${name}`, `is no field of ${type.fullName}`);
      else await this.#field(field, inner, `${at}.${name}`);
    }
    this.#checkRequired(type, value, at);
  }

  #checkRequired(type: protobuf.Type, value: object, at: string): void {
    for (const field of type.fieldsArray) {
      const isRequired =
        ruleOf(field, 'message.required') === true ||
        [ruleOf(field, 'string.min_len'), ruleOf(field, 'repeated.min_items')].some(Number);
      if (isRequired && field.partOf === null && !(field.name in value)) {
        this.#fault(at, `lacks ${field.name}`);
      }
    }
    for (const choice of type.oneofsArray) {
      const made = choice.oneof.filter((name) => name in value);
      if (made.length > 1) this.#fault(at, `has ${made.join(' and ')}, of which it may have one`);
      const isRequired = choice.options?.['(validate.required)'] === true;
      if (isRequired && made.length === 0) this.#fault(at, `needs one of ${choice.oneof}`);
    }
  }

  async #field(field: protobuf.Field, value: unknown, at: string): Promise<void> {
    if (field instanceof protobuf.MapField) {
      if (!isObject(value)) this.#fault(at, 'is no map');
      else
        for (const [key, one] of Object.entries(value)) await this.#one(field, one, `${at}.${key}`);
    } else if (field.repeated) {
      if (!Array.isArray(value)) this.#fault(at, 'is no list');
      else
        for (const [index, one] of value.entries()) await this.#one(field, one, `${at}[${index}]`);
    } else await this.#one(field, value, at);
  }

  async #one(field: protobuf.Field, value: unknown, at: string): Promise<void> {
    const type = field.resolvedType;
    if (type instanceof protobuf.Type) await this.message(type, value, at);
    else if (type instanceof protobuf.Enum) {
      if (!(String(value) in type.values)) this.#fault(at, `is none of ${type.fullName}`);
    } else {
      const isPlain = isPlainOf[field.type] ?? Number.isInteger;
      if (!isPlain(value)) this.#fault(at, `is no ${field.type}`);
    }
  }

  #fault(at: string, what: string): void {
    this.faults.push(`${at} ${what}`);
  }
}

/** What Envoy would refuse in this configuration, each with its place. */
export const envoyFaults = async (configuration: unknown): Promise<readonly string[]> => {
  const root = await loadRoot();
  const checker = new Checker(root);
  const bootstrap = root.lookupType('envoy.config.bootstrap.v3.Bootstrap');
  await checker.message(bootstrap, configuration, '');
  return checker.faults;
};
