// POST /api/v1/admin/concerts. Organizers are few and slow: each creates a concert every twenty seconds or so.
import { number, openSeats } from './lib.js';
import { endpoint, rest, told } from './endpoint.js';

const pause = number('REST_SECONDS', 20);

export const options = endpoint('create concert', { 'http_req_duration{name:open sale}': ['p(95)<1000'] });
export const handleSummary = told('create concert', pause);

/** Creates a concert, and opens its sale. */
export default function () {
  rest(pause * Math.random());
  openSeats('k6 create', 500);
  rest(pause);
}
