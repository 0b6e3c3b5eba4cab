"""What the tasks on CIFAR-10 do to the images of a training batch: from rows of bytes to floats, NCHW, as optbench's
tasks/augmentation.ts does, which cites where it is from."""

import torch

CHANNEL_MEANS = [125.3, 123.0, 113.9]
CHANNEL_SDS = [63.0, 62.1, 66.7]


class Crops:
    """Images of bytes, padded with zeros once. Batches of windows are cut from them at random, half of which are
    mirrored."""

    def __init__(self, images, padding):
        self.size = images.shape[-1]
        self.places = 2 * padding + 1
        padded = torch.nn.functional.pad(images, [padding] * 4)
        # All windows, as a view: rows, channels, top, left, height, width.
        self.windows = padded.unfold(2, self.size, 1).unfold(3, self.size, 1)

    def __call__(self, rows):
        top, left = torch.randint(self.places, (2, len(rows)), device=rows.device)
        x = self.windows[rows, :, top, left].float()
        mirrored = torch.rand(len(rows), device=rows.device) < 0.5
        if rows.device.type != "cpu":
            # How many they are, the host would have to wait for.
            return torch.where(mirrored.view(-1, 1, 1, 1), x.flip(3), x)
        mirrored = mirrored.nonzero().squeeze(1)
        return x.index_copy_(0, mirrored, x.index_select(0, mirrored).flip(3))


def jitter_colours(x):
    """Brightness, saturation and contrast at random, then standardized."""
    brightness = between(-63 / 255, 63 / 255, x)
    largest = x.amax(1, keepdim=True)
    spread = largest - x.amin(1, keepdim=True)
    limit = (largest + brightness).div_(spread.clamp_(min=1))
    factor = torch.minimum(limit, between(0.5, 1.5, x)).clamp_(min=0)
    x = (x - largest).mul_(factor).add_(largest)
    means = x.mean((2, 3), keepdim=True)
    return standardize(x.sub_(means).mul_(between(0.2, 1.8, x)).add_(means))


def between(low, high, x):
    """A number for each image of x."""
    return torch.empty(len(x), 1, 1, 1, device=x.device).uniform_(low, high)


def standardize(x):
    """Each image to mean 0 and variance 1: (x - mean) / max(sd, 1 / sqrt(n))."""
    x = x.sub(x.mean((1, 2, 3), keepdim=True))
    sd = x.square().mean((1, 2, 3), keepdim=True).sqrt_()
    return x.div_(sd.clamp_(min=x[0].numel() ** -0.5))


def channel_standardizer(device="cpu"):
    """A function of images on that device, which it changes."""
    means, sds = (torch.tensor(values, device=device).view(3, 1, 1) for values in (CHANNEL_MEANS, CHANNEL_SDS))
    return lambda x: x.sub_(means).div_(sds)
