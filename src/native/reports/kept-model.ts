/** What a cache's directory keeps of one model, of its pages or of its saved states (folder `...-states`), as native/store/inventory.h tells it. */
export interface NativeKeptModel {
  /** Its folder in the directory: 16 hex digits of what its pages depend on, and what is kept. */
  folder: string;
  /** Name of the model; empty: its file has none, or nothing in the folder is whole. */
  label: string;
  /** Digest of what its pages depend on: weights, cache types, page size. */
  identity: string;
  /** Bytes of its files, room for pages to come included, and of one page. */
  bytes: number;
  pageBytes: number;
  pageTokens: number;
  /** Pages, and those of them that are of static prefixes. */
  pages: number;
  fixedPages: number;
  /** Seconds since 1970 of the last use, roughly; 0: none. */
  usedAt: number;
  /** True: a process writes there. */
  inUse: boolean;
  /** Pages by tenant, most first. A name is not known: a tag stands for it, '' for no tenant. */
  tenants: { tag: string; pages: number }[];
}
