// Runs all tests in one process, so that they share a lake, a server and a browser; each file
// also runs by itself.
import './pages.test.mjs';
import './figures.test.mjs';
import './accessibility.test.mjs';
import './weight.test.mjs';
import './access.test.mjs';
