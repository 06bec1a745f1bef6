// Every page of every role, in both languages, both widths, light and dark: no fault on the console, nothing wider than the
// window. Weight is the same in every look, and what axe finds hangs on width and colours alone.
import { world, play, person, accessible, fits, shot, weigh, expect, note } from "../lib.mjs";

const pages = {
  agent: ["/desk"],
  supervisor: ["/", "/floor", "/campaigns", "/lists", "/leads"],
  manager: ["/campaigns", `/campaigns/${world.campaign}`, "/campaigns/new", "/lists", "/lists/new", "/leads", `/leads/${world.lead}`, "/floor"],
  quality: ["/", "/leads"],
};
const looks = [[1280, "light", "en", true], [1280, "dark", "zh"], [390, "light", "zh"], [390, "dark", "en", true]];

await play(async (browser) => {
  for (const [width, scheme, lang, axe] of looks) {
    for (const [role, paths] of Object.entries(pages)) {
      const page = await person(browser, world.tokens[role], { width, scheme, lang });
      for (const path of paths) {
        const name = `${role}${path.replaceAll("/", "-")}-${width}-${scheme}-${lang}`;
        if (axe && width === 1280) {
          const bytes = await weigh(page, path);
          expect(bytes < 100 * 1024, `${path} is ${bytes} bytes`);
          note(`${role} ${path}: ${(bytes / 1024).toFixed(1)} kB`);
        } else {
          await page.goto(world.base + path);
        }
        expect(new URL(page.url()).pathname === path, `${role} asked for ${path} and came to ${page.url()}`);
        expect(await page.locator("h1").count() === 1, `${name} has ${await page.locator("h1").count()} h1`);
        expect((await page.locator("html").getAttribute("lang")).startsWith(lang), `${name} speaks another language`);
        await fits(page, name);
        if (axe) await accessible(page, name);
        await shot(page, name);
      }
      await page.context().close();
    }
  }
});
