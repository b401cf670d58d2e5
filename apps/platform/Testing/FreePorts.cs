using System.Net;
using System.Net.Sockets;

namespace ConcertDapr.Testing;

/// <summary>
/// Ports for servers that start later. They lie below those that the system gives to outgoing connections, and none is given
/// twice in one process, so that between here and there nobody takes them by accident.
/// </summary>
internal static class FreePorts
{
    private const int First = 20_000;
    private const int Last = 31_999;

    private static readonly Lock Gate = new();
    private static readonly HashSet<int> Given = [];

    public static int Next()
    {
        lock (Gate)
        {
            while (Given.Count <= Last - First)
            {
#pragma warning disable CA5394 // Which port it is need not be a secret; processes only should not all begin with the same.
                var port = Random.Shared.Next(First, Last + 1);
#pragma warning restore CA5394
                if (Given.Add(port) && IsFree(port)) return port;
            }
        }
        throw new InvalidOperationException($"no port from {First} to {Last} is free");
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
