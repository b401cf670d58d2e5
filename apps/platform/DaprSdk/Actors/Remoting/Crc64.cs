using System.Text;

namespace Dapr.Actors.Remoting;

/// <summary>
/// CRC-64 (polynomial of ECMA-182, all ones in and out): typed calls name interfaces and methods by its low half.
/// </summary>
internal static class Crc64
{
    private const ulong Polynomial = 0x42F0E1EBA9EA3693;
    private static readonly ulong[] Table = [.. Enumerable.Range(0, 256).Select(i => Step((ulong)i << 56))];

    public static int Low32(string text)
    {
        var crc = ulong.MaxValue;
        foreach (var b in Encoding.UTF8.GetBytes(text))
            crc = Table[(byte)((crc >> 56) ^ b)] ^ (crc << 8);
        return unchecked((int)~crc);
    }

    private static ulong Step(ulong crc)
    {
        for (var bit = 0; bit < 8; bit++)
            crc = (crc & (1UL << 63)) != 0 ? (crc << 1) ^ Polynomial : crc << 1;
        return crc;
    }
}
