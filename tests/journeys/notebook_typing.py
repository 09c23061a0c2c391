"""A learner in JupyterLab, in a real browser: keys pressed in the real editor, cells run in the real kernel."""

from __future__ import annotations

from playwright.sync_api import Page

_ALL_RAN = """() => {
  const prompts = [...document.querySelectorAll('.jp-Notebook .jp-CodeCell .jp-InputArea-prompt')];
  return prompts.length > 0 && prompts.every(each => /\\[\\d+\\]:/.test(each.textContent));
}"""


def type_answer(page: Page, *lines: str, instead_of: str = "YOUR CODE HERE") -> None:
    """Click into the code cell that has a text, and type lines in its place, with Enter between them."""
    page.get_by_text("| Idle").wait_for()  # until the kernel is there JupyterLab may take the keys away from the cell
    cell = page.locator(".jp-Notebook .jp-CodeCell", has_text=instead_of).first
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    for number, line in enumerate(lines):
        if number:
            page.keyboard.press("Enter")
        page.keyboard.type(line, delay=10)


def run_from_here(page: Page, *, cells: int) -> None:
    """Run this cell and those after it, with Shift+Enter in each but the last, and return when the kernel has run them."""
    page.get_by_text("| Idle").wait_for()  # what is run before the kernel is there is not run
    for _ in range(cells - 1):
        page.keyboard.press("Shift+Enter")
    page.keyboard.press("Control+Enter")
    page.wait_for_function(_ALL_RAN)


def hand_in(page: Page) -> None:
    """Press *Hand in* without saving first, agree, and go where the result is seen."""
    page.locator(".jp-NotebookPanel-toolbar >> text=Hand in").click()
    page.get_by_role("dialog").get_by_role("button", name="Hand in").click()
    page.get_by_role("button", name="See the result").click()
    page.wait_for_url("**/services/portal/my/**")
