// POST /api/v1/users. A password's hash costs processor time on purpose, so the users take their time.
import { accept, newKey, number, send } from './lib.js';
import { endpoint, rest, told } from './endpoint.js';

const pause = number('REST_SECONDS', 200);

export const options = endpoint('register');
export const handleSummary = told('register', pause);

export default function () {
  rest(pause * Math.random());
  const email = `${newKey()}@example.org`;
  const answer = send('POST', '/api/v1/users', { name: 'register', body: { email, name: 'k6', password: newKey() }, expected: [201] });
  accept(answer, 'the account is new', (b) => b.userId > 0 && b.email === email && b.points === 0, 201);
  rest(pause);
}
