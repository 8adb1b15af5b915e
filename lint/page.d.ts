// What the page's scripts find around them: an element that is asked for by its name is there, and of the kind that the
// templates say; the charting library comes with the page.
declare function vegaEmbed(element: Element, specification: object, options: object): Promise<{ finalize(): void }>;
interface ParentNode {
  querySelector(selectors: string): any;
  querySelectorAll(selectors: string): NodeListOf<any>;
}
interface Document {
  getElementById(id: string): any;
}
interface Element {
  closest(selectors: string): any;
}
interface EventTarget {
  tagName: string;
  closest(selectors: string): any;
}
