"""The networks of optbench's tasks. Images are NCHW; a network maps a batch of them to logits, the VAE to its loss.

Convolutions, pools and batch norms work on oneDNN's own layout of memory (`to_mkldnn`), which spares the reordering
between layers. ReLU comes after pooling, which gives the same values and gradients from a quarter of the numbers.
"""

import torch
from torch import nn
from torch.nn import functional

# 0.8, as 16 random bits tell it: 52,429 of their 65,536 values.
KEPT_BELOW = 52_429 - 2**15
DROPOUT_SCALE = 1.25


class Convolutional(nn.Module):
    """Layers on images, and then on the vectors that the images are flattened to (or averaged, over all pixels)."""

    def __init__(self, features, classifier, average=False):
        super().__init__()
        self.features = nn.Sequential(*features)
        self.classifier = nn.Sequential(*classifier)
        self.average = average

    def forward(self, images):
        x = self.features(images.to_mkldnn()).to_dense()
        return self.classifier(x.mean((2, 3)) if self.average else x.flatten(1))


class Pool(nn.Module):
    """Max-pool of stride 2 with TensorFlow's padding SAME. Where that pads (an even size under a window of 3), it does
    so on the right and below alone, with what is never the largest: ceil_mode's windows reach over the same edges."""

    def __init__(self, window):
        super().__init__()
        self.window = window

    def forward(self, x):
        return functional.relu(functional.max_pool2d(x, self.window, 2, ceil_mode=True))


class Block(nn.Module):
    """Of a residual network: two convolutions of 3x3, and a shortcut without parameters that takes every second pixel
    where the stride is 2, and leaves new channels 0 (He et al. 2016, option A)."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.stride = stride
        # As a convolution it stays in oneDNN's layout. Slices would add 60 ms to a step.
        self.register_buffer("shortcut", torch.eye(outputs, inputs)[:, :, None, None], persistent=False)

    def forward(self, x):
        y = self.norm2(self.conv2(functional.relu(self.norm1(self.conv1(x)))))
        if self.stride > 1:
            x = functional.conv2d(x, self.shortcut, stride=self.stride)
        return functional.relu(y + x)


class Dropout(torch.autograd.Function):
    """Drops a fifth, by 16 random bits each, 64 drawn at a time: functional.dropout adds 15 ms more to a step."""

    @staticmethod
    def forward(ctx, x):
        # From the lowest integer to the highest, so that all bits are random.
        bits = torch.empty(x.numel() // 4, dtype=torch.int64).random_(-2**63, None).view(torch.int16)
        ctx.kept = (bits < KEPT_BELOW).view(x.shape)
        return (x * ctx.kept).mul_(DROPOUT_SCALE)

    @staticmethod
    def backward(ctx, gradient):
        return (gradient * ctx.kept).mul_(DROPOUT_SCALE)


class VAE(nn.Module):
    """DeepOBS' variational auto-encoder. Its forward is its loss, for targets as flat as they come.

    The filters of transposed convolutions stand here turned round: a transposed convolution is a convolution with such
    filters, of the input with zeros between its pixels where the stride is 2. PyTorch's own adds 75 ms to a step.
    """

    LATENT = 8

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 64, 4, stride=2, padding=1)
        self.conv2 = nn.Conv2d(64, 64, 4, stride=2, padding=1)
        self.conv3 = nn.Conv2d(64, 64, 4, padding=2)
        self.mean = nn.Linear(7 * 7 * 64, self.LATENT)
        self.log_variance = nn.Linear(7 * 7 * 64, self.LATENT)
        self.dense1 = nn.Linear(self.LATENT, 24)
        self.dense2 = nn.Linear(24, 49)
        self.transposed1 = nn.Conv2d(1, 64, 4)
        self.transposed2 = nn.Conv2d(64, 64, 4, padding=2)
        self.transposed3 = nn.Conv2d(64, 64, 4, padding=2)
        self.image = nn.Linear(14 * 14 * 64, 28 * 28)

    def forward(self, images):
        dropout = Dropout.apply if self.training else nn.Identity()
        x = dropout(leaky(self.conv1(images)))
        x = dropout(leaky(self.conv2(x)))
        # SAME, of 4 pixels with stride 1, pads 1 before and 2 after. To pad 2 and cut off takes less time than to pad
        # beforehand.
        x = dropout(leaky(self.conv3(x)[:, :, 1:, 1:]))
        x = x.flatten(1)
        mean, log_variance = self.mean(x), self.log_variance(x)
        z = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()

        x = leaky(self.dense2(leaky(self.dense1(z))))
        zeros_between = functional.pad(x.view(-1, 1, 7, 1, 7, 1), (0, 1, 0, 0, 0, 1)).view(-1, 1, 14, 14)
        # The transpose of SAME: before and after change places.
        x = dropout(functional.relu(self.transposed1(functional.pad(zeros_between, (2, 1, 2, 1)))))
        x = dropout(functional.relu(self.transposed2(x)[:, :, :14, :14]))
        x = functional.relu(self.transposed3(x)[:, :, :14, :14])
        pixels = self.image(x.flatten(1)).sigmoid()

        error = (images.flatten(1) - pixels).square().sum()
        divergence = -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum()
        return (error + divergence) / len(images)


def leaky(x):
    return functional.leaky_relu(x, 0.3)


class HalfSquares(torch.autograd.Function):
    """Half the sum of the squares of tensors."""

    @staticmethod
    def forward(ctx, *tensors):
        ctx.save_for_backward(*tensors)
        return 0.5 * sum(torch.dot(t.flatten(), t.flatten()) for t in tensors)

    @staticmethod
    def backward(ctx, gradient):
        return tuple(gradient * t for t in ctx.saved_tensors)


def weight_penalty(network):
    """The part of the loss of cifar10_3c3d that depends on the weights alone; biases are spared."""
    return 0.002 * HalfSquares.apply(*[p for p in network.parameters() if p.dim() > 1])


def fully_connected(layers, hidden):
    activation = {"relu": nn.ReLU(inplace=True), "tanh": nn.Tanh()}[hidden]
    modules = [nn.Flatten()]
    for fan_in, fan_out in zip(layers, layers[1:]):
        modules += [nn.Linear(fan_in, fan_out), activation]
    return nn.Sequential(*modules[:-1])


def net_2c2d():
    return Convolutional(
        [nn.Conv2d(1, 32, 5, padding=2), Pool(2), nn.Conv2d(32, 64, 5, padding=2), Pool(2)],
        [nn.Linear(7 * 7 * 64, 1024), nn.ReLU(inplace=True), nn.Linear(1024, 10)])


def net_3c3d():
    return Convolutional(
        [nn.Conv2d(3, 64, 5), Pool(3), nn.Conv2d(64, 96, 3), Pool(3), nn.Conv2d(96, 128, 3, padding=1), Pool(3)],
        [nn.Linear(3 * 3 * 128, 512), nn.ReLU(inplace=True), nn.Linear(512, 256), nn.ReLU(inplace=True),
         nn.Linear(256, 10)])


def resnet20():
    blocks = [Block(16, 16, 1) for _ in range(3)]
    for channels in [32, 64]:
        blocks += [Block(channels // 2, channels, 2)] + [Block(channels, channels, 1) for _ in range(2)]
    stem = [nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    return Convolutional([*stem, *blocks], [nn.Linear(64, 10)], average=True)


def initialize(network, weights, bias=0.0):
    """`weights` fills a tensor in place. Batch norms keep their ones and zeros."""
    for module in network.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d)):
            weights(module.weight)
            if module.bias is not None:
                nn.init.constant_(module.bias, bias)
    return network


def truncated_normal(sd):
    return lambda weight: nn.init.trunc_normal_(weight, 0, sd, -2 * sd, 2 * sd)


def he_normal(weight):
    nn.init.kaiming_normal_(weight, nonlinearity="relu")


NETWORKS = {
    "mnist_mlp": lambda: initialize(fully_connected([784, 1000, 500, 100, 10], "relu"), truncated_normal(0.03)),
    "mnist_logreg": lambda: initialize(fully_connected([784, 10], "relu"), nn.init.zeros_),
    "mnist_2c2d": lambda: initialize(net_2c2d(), truncated_normal(0.05), 0.05),
    "mnist_vae": lambda: initialize(VAE(), nn.init.xavier_uniform_),
    "cifar10_3c3d": lambda: initialize(net_3c3d(), nn.init.xavier_uniform_),
    "cifar10_resnet20": lambda: initialize(resnet20(), he_normal),
}


def make_network(model):
    """By a task's name, or {"layers": [784, ..., 10], "hidden": "relu" or "tanh"}, which starts by Glorot's rule."""
    if isinstance(model, str):
        return NETWORKS[model]()
    return initialize(fully_connected(model["layers"], model["hidden"]), nn.init.xavier_uniform_)
