// Short words that all tests use.

export async function all(iterator) {
  const items = [];
  for await (const item of iterator) items.push(item);
  return items;
}
