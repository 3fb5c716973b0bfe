import type { Plugin as CssPlugin, Rule } from 'postcss';
import { defineConfig, type Plugin } from 'vite';

// Where the wheel takes the page from; git ignores it.
const OUT = '../src/fallline/studio/page';

/** Of KaTeX's fonts only woff2, which every browser that can run the page reads, and no script letters. */
function fewerFonts(): Plugin {
  return {
    name: 'fewer-fonts',
    enforce: 'pre',
    transform(code, id) {
      if (!/katex.*\.css/.test(id)) return null;
      return code
        .replace(/,\s*url\([^)]*\.(?:woff|ttf)\)\s*format\([^)]*\)/g, '')
        .replace(/@font-face\s*\{[^}]*KaTeX_(?:Caligraphic|Fraktur|SansSerif|Script)[^}]*\}/g, '');
    },
  };
}

/** In a notebook the widget's rules must touch nothing but the widget. */
const withinWidget: CssPlugin = {
  postcssPlugin: 'within-widget',
  Rule(rule: Rule) {
    if (rule.parent?.type === 'atrule' && /keyframes$/.test((rule.parent as { name?: string }).name ?? ''))
      return;
    if (rule.selector.includes('.fallline-studio')) return;
    rule.selectors = rule.selectors.map((selector) => {
      const root = /^(?::root|html|body)(.*)$/s.exec(selector);
      return root ? `.fallline-studio${root[1]}` : `.fallline-studio ${selector}`;
    });
  },
};

const page = {
  outDir: OUT,
  emptyOutDir: true,
  assetsInlineLimit: 0, // the page's rules of content allow files of its own server only
  rollupOptions: { input: 'index.html' },
};

/** A notebook takes one module and one style sheet, so the fonts are inside. */
const widget = {
  outDir: OUT,
  emptyOutDir: false,
  assetsInlineLimit: 1_000_000,
  cssCodeSplit: false,
  lib: {
    entry: 'src/widget.ts',
    formats: ['es' as const],
    fileName: () => 'widget.js',
    cssFileName: 'widget',
  },
};

export default defineConfig(({ mode }) => ({
  base: './',
  plugins: [fewerFonts()],
  css: mode === 'widget' ? { postcss: { plugins: [withinWidget] } } : {},
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    ...(mode === 'widget' ? widget : page),
  },
}));
