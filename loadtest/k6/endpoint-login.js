// POST /api/v1/users/login. A password's hash costs processor time on purpose, so the users take their time.
import { fail } from 'k6';
import { accept, newKey, number, pick, send } from './lib.js';
import { endpoint, rest, told } from './endpoint.js';

const pause = number('REST_SECONDS', 200);

export const options = endpoint('login');
export const handleSummary = told('login', pause);

export function setup() {
  return Array.from({ length: 10 }, () => {
    const account = { email: `${newKey()}@example.org`, password: newKey() };
    const answer = send('POST', '/api/v1/users', { name: 'register', body: { ...account, name: 'k6' }, expected: [201] });
    if (answer.status !== 201) fail(`no account could be registered: ${answer.status}`);
    return account;
  });
}

export default function (registered) {
  rest(pause * Math.random());
  const answer = send('POST', '/api/v1/users/login', { name: 'login', body: pick(registered) });
  accept(answer, 'login gives a token', (b) => b.tokenType === 'Bearer' && b.accessToken.length > 0 && b.expiresIn > 0);
  rest(pause);
}
