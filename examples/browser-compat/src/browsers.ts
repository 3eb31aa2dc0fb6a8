/**
 * The browsers of the shared vocabulary and what each source calls them. MDN and web-features use
 * the same ids, so these are ours too; caniuse has its own and lumps some browsers together.
 */

export interface Browser {
  /** Our id, the last segment of a concept path; MDN's and web-features' id as well. */
  readonly id: string;
  /** The caniuse agent that means exactly this browser. */
  readonly caniuse?: string;
  readonly inWebFeatures: boolean;
}

/** Every browser that MDN speaks about; its JavaScript runtimes (`runtimes`) are not browsers. */
export const browsers: readonly Browser[] = [
  { id: 'chrome', caniuse: 'chrome', inWebFeatures: true },
  { id: 'chrome_android', caniuse: 'and_chr', inWebFeatures: true },
  { id: 'edge', caniuse: 'edge', inWebFeatures: true },
  { id: 'firefox', caniuse: 'firefox', inWebFeatures: true },
  { id: 'firefox_android', caniuse: 'and_ff', inWebFeatures: true },
  { id: 'ie', caniuse: 'ie', inWebFeatures: false },
  { id: 'oculus', inWebFeatures: false },
  { id: 'opera', caniuse: 'opera', inWebFeatures: false },
  { id: 'opera_android', caniuse: 'op_mob', inWebFeatures: false },
  { id: 'safari', caniuse: 'safari', inWebFeatures: true },
  { id: 'safari_ios', caniuse: 'ios_saf', inWebFeatures: true },
  { id: 'samsunginternet_android', caniuse: 'samsung', inWebFeatures: false },
  { id: 'webview_android', inWebFeatures: false },
  { id: 'webview_ios', inWebFeatures: false },
];

/** The browsers about which at least two sources can speak. */
export const sharedBrowsers: readonly Browser[] = browsers.filter(
  (browser) => browser.caniuse !== undefined || browser.inWebFeatures,
);
