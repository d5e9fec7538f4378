"""What a kit consists of, and the supervisor's specification that runs it."""

from hw.kits.toolbox import TOOLBOX, Kit, toolbox_spec

__all__ = ["TOOLBOX", "Kit", "toolbox_spec"]
