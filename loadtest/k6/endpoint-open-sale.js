// POST /api/v1/admin/concerts/{concertId}/sale. Organizers are few and slow: each opens a sale every twenty seconds or so.
import { accept, number, openSeats, organizer, pick, send } from './lib.js';
import { endpoint, rest, told } from './endpoint.js';

const pause = number('REST_SECONDS', 20);

export const options = endpoint('open sale');
export const handleSummary = told('open sale', pause);

export function setup() {
  return Array.from({ length: 20 }, () => openSeats('k6 open', 50).concertId);
}

export default function (concerts) {
  rest(pause * Math.random());
  const concertId = pick(concerts);
  const answer = send('POST', `/api/v1/admin/concerts/${concertId}/sale`, { name: 'open sale', as: organizer, body: {} });
  accept(answer, 'the sale is open', (b) => b.concertId === concertId && new Date(b.saleOpensAt).getTime() <= Date.now() + 1000);
  rest(pause);
}
