main <arithmetic.lua>
; parameters 0+, registers 7, upvalues 1, constants 8, functions 0
    1 2:14+3     Vararg               R0 3
    2 3:13+1     Add                  R2 R0 R1
    3 4:7+1      AddRK                R2 R0 K0          ; 1
    4 5:7+1      SubKR                R2 K0 R0          ; 1
    5 6:7+1      MulRK                R2 R0 K1          ; 2.5
    6 7:7+1      PowKR                R2 K2 R0          ; 2
    7 8:7+2      IDivRK               R2 R0 K3          ; 0
    8 9:5+1      LoadInt              R3 7
    9 9:7+2      IDivRK               R2 R3 K3          ; 0
   10 10:5+9     LoadInt              R2 7
   11 11:5+6     LoadFloat            R2 1024
   12 12:5+1     Neg                  R3 R0
   13 12:10+1    BNot                 R4 R1
   14 12:8+1     Add                  R2 R3 R4
   15 13:6+3     LoadFloat            R3 0
   16 13:5+1     Neg                  R2 R3
   17 14:5+4     LoadInt              R2 -3
   18 15:5+10    LoadInt              R2 0
   19 16:5+4     LoadConst            R3 K4             ; "10"
   20 16:10+1    AddRK                R2 R3 K0          ; 1
   21 17:7+1     BAndRK               R3 R0 K5          ; 255
   22 17:18+1    BXorRK               R4 R1 K6          ; 4
   23 17:14+1    BOr                  R2 R3 R4
   24 18:5+1     Move                 R3 R0
   25 18:10+1    Move                 R4 R1
   26 18:15+1    LoadInt              R5 1
   27 18:20+3    LoadConst            R6 K7             ; "x"
   28 18:17+2    Concat               R2 R3 R6
   29 19:6+1     Move                 R3 R0
   30 19:11+1    Move                 R4 R1
   31 19:8+2     Concat               R3 R3 R4
   32 19:17+1    LoadInt              R4 1
   33 19:14+2    Concat               R2 R3 R4
   34 20:9+1     Not                  R2 R0
   35 21:5+7     LoadTrue             R2
   36 22:5+1     Len                  R2 R0
   37 23:17+1    AddKR                R3 K0 R0          ; 1
   38 23:12+1    Add                  R3 R1 R3
   39 23:7+1     Add                  R2 R0 R3
   40 24         Return1              R2
   41 24         Return0
; local 0 a 2 to 42
; local 1 b 2 to 42
; local 2 r 3 to 42
; upvalue U0 _ENV = R0
