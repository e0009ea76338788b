/** Return the role of the user on an item; undefined if items of its kind have a single user. */
export const roleOf = (item: unknown): string | undefined => (item as { role?: string }).role;

/** Return whether the user may change an item. */
export const mayChange = (item: unknown): boolean => roleOf(item) !== 'viewer';

/** Return whether the user may also delete and share it. */
export const isOwner = (item: unknown): boolean => (roleOf(item) ?? 'owner') === 'owner';
