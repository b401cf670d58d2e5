// GET /api/v1/concerts
import { accept, send } from './lib.js';
import { endpoint, rest, told } from './endpoint.js';

export const options = endpoint('concerts');
export const handleSummary = told('concerts');

export default function () {
  const answer = send('GET', '/api/v1/concerts?limit=20', { name: 'concerts' });
  accept(answer, 'concerts are listed', (b) => b.items.length > 0);
  rest();
}
