// Runs what a change needs in one process: that each page loads and shows the figures of its
// report, and that nobody sees one without a token.
import './pages.test.mjs';
import './figures.test.mjs';
import './access.test.mjs';
