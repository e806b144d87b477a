// Starts the dashboard in the page that the server answers every address with.
import { render } from 'preact';
import { App } from './app';
import { followSystem } from './core/theme';
import './style/main.css';

const root = document.getElementById('app');
if (root === null) throw new Error('the page has no element #app');
followSystem();
render(<App />, root);
