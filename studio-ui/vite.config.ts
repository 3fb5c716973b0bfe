import { defineConfig, type Plugin } from 'vite';

// Where the wheel takes the page from; git ignores it.
const OUT = '../src/fallline/studio/page';

/** KaTeX names each font three times; every browser that can run the page reads woff2. */
function onlyWoff2(): Plugin {
  return {
    name: 'only-woff2',
    enforce: 'pre',
    transform(code, id) {
      if (!/katex.*\.css/.test(id)) return null;
      return code.replace(/,\s*url\([^)]*\.(?:woff|ttf)\)\s*format\([^)]*\)/g, '');
    },
  };
}

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
  plugins: [onlyWoff2()],
  define: mode === 'widget' ? { 'process.env.NODE_ENV': '"production"' } : {},
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    ...(mode === 'widget' ? widget : page),
  },
}));
