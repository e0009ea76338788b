/** What a reload of the page keeps: `closing` closes a form, which deletes its draft. */
export async function reloaded(closing: () => Promise<unknown>): Promise<string> {
  const kept = Object.entries({ ...sessionStorage });
  await closing();
  expect(sessionStorage).toHaveLength(0);
  kept.forEach(([key, value]) => sessionStorage.setItem(key, value as string));
  return JSON.stringify(kept);
}
