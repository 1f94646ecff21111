import { isObject, pointerTo } from './json.js';

/** Where a reference leads: the subschema and its place. */
export interface Target {
  schema: unknown;
  place: string;
}

/** `$id` begins a document of its own inside the document. */
interface Resource extends Target {
  url: URL;
}

const ROOT = 'schema://root/';

/** The document's own names: `$id`, `$anchor`, and JSON pointers. Nothing is fetched. */
export class References {
  readonly #resources = new Map<string, Resource>();
  readonly #anchors = new Map<string, Target>();
  /** Of each object in the document: the resource it lies in. */
  readonly #homes = new Map<object, Resource>();

  constructor(root: unknown) {
    this.#index(root, '#', { schema: root, place: '#', url: new URL(ROOT) });
  }

  /** Undefined: it leads out of the document, or nowhere. */
  resolve(ref: string, from: object): Target | undefined {
    const home = this.#homes.get(from);
    if (!home || !URL.canParse(ref, home.url.href)) return undefined;
    const url = new URL(ref, home.url);
    const fragment = decoded(url.hash.slice(1));
    url.hash = '';
    if (fragment === undefined) return undefined;
    const resource = url.href === home.url.href ? home : this.#resources.get(url.href);
    if (!resource) return undefined;
    if (fragment === '' || fragment.startsWith('/')) return follow(resource, fragment);
    return this.#anchors.get(`${resource.url.href}#${fragment}`);
  }

  /** Not recursive: the document may be deep. */
  #index(root: unknown, place: string, home: Resource): void {
    this.#resources.set(home.url.href, home);
    const open: { value: unknown; place: string; home: Resource }[] = [{ value: root, place, home }];
    for (let next = open.pop(); next; next = open.pop()) {
      const { value } = next;
      if (typeof value !== 'object' || value === null) continue;
      const home = isObject(value) ? this.#named(value, next.place, next.home) : next.home;
      this.#homes.set(value, home);
      for (const [key, inner] of Object.entries(value)) {
        if (key !== 'enum' && key !== 'const') open.push({ value: inner, place: pointerTo(next.place, key), home });
      }
    }
  }

  #named(schema: Record<string, unknown>, place: string, home: Resource): Resource {
    const id = schema.$id ?? (home.place === '#' && place === '#' ? schema.id : undefined);
    let own = home;
    if (typeof id === 'string' && id.startsWith('#')) this.#anchors.set(home.url.href + id, { schema, place });
    else if (typeof id === 'string' && URL.canParse(id, home.url.href)) {
      const url = new URL(id, home.url);
      url.hash = '';
      own = { schema, place, url };
      this.#resources.set(url.href, own);
    }
    for (const name of [schema.$anchor, schema.$dynamicAnchor]) {
      if (typeof name === 'string') this.#anchors.set(`${own.url.href}#${name}`, { schema, place });
    }
    return own;
  }
}

function follow({ schema, place }: Target, pointer: string): Target | undefined {
  let at: Target = { schema, place };
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    const value = at.schema;
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    at = { schema: (value as Record<string, unknown>)[key], place: pointerTo(at.place, key) };
  }
  return at;
}

function decoded(fragment: string): string | undefined {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return undefined;
  }
}
