// What the switches show until they are saved: booleans by the id of a category or
// service. app/consent/draft.go says the same: app/consent/testdata/decisions.json
// holds both to it.

/**
 * The draft with id switched: services follow their category, and it follows them
 * where all have come to agree.
 * @param services a Map of the category of each service that can be switched
 */
export function switched(draft, services, id, granted) {
  const next = { ...draft, [id]: granted };
  const own = services.get(id);
  for (const [service, category] of services) if (category === id) next[service] = granted;
  if (own && of(services, own).every((service) => next[service] === granted)) next[own] = granted;
  return next;
}

/** Whether services of the category differ from it. */
export const mixed = (draft, services, category) => of(services, category).some((service) => draft[service] !== draft[category]);

const of = (services, category) => [...services.keys()].filter((service) => services.get(service) === category);
