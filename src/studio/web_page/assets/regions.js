// Keeps a page's live regions as they are now.

import { follow, seldom } from "/assets/live.js";
import { renew } from "/assets/requests.js";

const wish = seldom(renew);
follow({ changed: wish, missed: wish, state: () => {} });
